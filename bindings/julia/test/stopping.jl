# A long call is stopped by its progress function and by Ctrl-C, and nothing unwinds through the library.

struct Stop <: Exception end

@testset "progress and stopping" begin
    X = randn(MersenneTwister(30), Float64, 512, 20_000)
    calls = Any[]
    reporting(answer) = (stage, done, total) -> (push!(calls, (stage, done, total, time())); answer())

    @test refusal(() -> neighbors(X, 10, progress = reporting(() -> false))) == "CONCEPTDEC_ECANCELLED"
    @test length(calls) == 1
    stage, done, total, _ = calls[1]
    @test stage isa String && (total == 0 || 0 <= done <= total)

    @test thrown(() -> neighbors(X, 10, progress = reporting(() -> throw(Stop())))) isa Stop
    @test length(calls) == 2
    failure = thrown(() -> knn_decodability(X, rand(1:2, 20_000), progress = reporting(() -> throw(Stop()))))
    @test failure isa Stop
    @test time() - calls[end][4] < 0.5
    @test neighbors(X[:, 1:100], 3).n == 100
end

@testset "progress = true prints to stderr" begin
    mktemp() do path, file
        redirect_stderr(() -> neighbors(randn(512, 6_000), 10, progress = true), file)
        close(file)
        @test occursin(r"\rneighbors \d+/\d+", read(path, String))
    end
end

@testset "calls of several tasks at once" begin
    X, y = randn(MersenneTwister(32), 8, 300), repeat(1:3, 100)
    expected = knn_decodability(X, y, seed = 1)
    found = Vector{Any}(undef, 8)
    Threads.@threads for i in 1:8
        found[i] = knn_decodability(X, y, seed = 1)
        GC.gc()
    end
    @test all(r -> r.decodability == expected.decodability && r.kappa == expected.kappa, found)
end

@testset "Ctrl-C" begin
    ccall(:jl_exit_on_sigint, Cvoid, (Cint,), 0)
    X = randn(MersenneTwister(31), Float64, 512, 20_000)
    pressed = Ref(0.0)
    press() = (pressed[] = time(); ccall(:kill, Cint, (Cint, Cint), getpid(), 2))
    press_once = (stage, done, total) -> (pressed[] == 0 && press(); true)
    @test thrown(() -> neighbors(X, 10, progress = press_once)) isa InterruptException
    @test time() - pressed[] < 0.5
    @test neighbors(X[:, 1:100], 3).n == 100
end
