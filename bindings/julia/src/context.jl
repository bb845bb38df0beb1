# One context for each call: calls of several tasks never share one, and its threads start only when they are needed.

mutable struct Monitor
    report::Any  # what the caller wants to hear: nothing or a function (stage, done, total)
    failure::Any # the exception that stopped the call
end

"Progress callback. Exceptions, Ctrl-C among them, stay here until the library has returned: they must not cross C."
function watch(user::Ptr{Cvoid}, state::Ptr{conceptdec_progress})::Int32
    monitor = unsafe_pointer_to_objref(user)::Monitor
    try
        return reenable_sigint() do
            GC.safepoint() # a collection that another thread waits for
            monitor.report === nothing && return Int32(1)
            now = unsafe_load(state)
            answer = monitor.report(unsafe_string(now.stage), now.done, now.total)
            return Int32(answer !== false)
        end
    catch failure
        monitor.failure = failure
        return Int32(0)
    end
end

reporter(::Nothing) = nothing
reporter(progress::Bool) = progress ? print_progress : nothing
reporter(progress) = progress

function print_progress(stage, done, total)
    total > 0 && print(stderr, "\r", stage, " ", done, "/", total, done == total ? "\n" : "\e[K")
    return true
end

error_text(ctx) = unsafe_string(ccall(symbol(:conceptdec_ctx_error), Cstring, (Ptr{conceptdec_ctx},), ctx))

const SCREENINGS = Dict("auto" => CONCEPTDEC_SCREENING_AUTO, "int8" => CONCEPTDEC_SCREENING_INT8,
    "float32" => CONCEPTDEC_SCREENING_FLOAT32, "float64" => CONCEPTDEC_SCREENING_FLOAT64)

"""
Runs `call(ctx)`, which returns a status, and turns any status but CONCEPTDEC_OK into an exception; `sources` are the
`RowReader`s that it reads, `called` the arguments that have other names here than `NAMES` says.
"""
function with_context(call, threads = nothing, progress = nothing; screening = nothing, sources = (), called = ())
    monitor = Monitor(reporter(progress), nothing)
    ctx = Handle{conceptdec_ctx}()
    GC.@preserve monitor begin
        wishes = Ref(options(conceptdec_ctx_options; threads = reader_threads(threads, sources),
            screening = choice("screening", screening, SCREENINGS), progress_user = pointer_from_objref(monitor),
            progress = @cfunction(watch, Int32, (Ptr{Cvoid}, Ptr{conceptdec_progress}))))
        check(ccall(symbol(:conceptdec_ctx_new), Int32, (Ptr{conceptdec_ctx_options}, Ptr{Ptr{conceptdec_ctx}}),
            wishes, ctx), "context with threads=$threads")
        try
            status = disable_sigint(() -> call(ctx))
            (status == CONCEPTDEC_EREAD || any(is_interrupted, sources)) && throw_failure(sources)
            status != CONCEPTDEC_OK && monitor.failure !== nothing && throw(monitor.failure)
            check(status, named_here(error_text(ctx), called))
        finally
            finalize(ctx)
        end
    end
    return nothing
end

"""
    version()

Version of the loaded library, a `VersionNumber`.
"""
version() = VersionNumber(unsafe_string(ccall(symbol(:conceptdec_version), Cstring, ())))

"""
    build_info(; threads=nothing)

What the loaded library is and runs on, as a `Dict`: "version", "abi", "compiler", "kernel" (in use), "kernels"
(that the processor has), "threads", "blas", and "warnings", such as a BLAS that runs below what the processor can
do.
"""
function build_info(; threads = nothing)
    text = Ref{Cstring}()
    info = Ref{Any}()
    with_context(threads) do ctx
        status = ccall(symbol(:conceptdec_ctx_build_info), Int32, (Ptr{conceptdec_ctx}, Ptr{Cstring}), ctx, text)
        status == CONCEPTDEC_OK && (info[] = parse_json(unsafe_string(text[])))
        return status
    end
    return info[]
end
