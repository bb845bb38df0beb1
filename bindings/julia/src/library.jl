# Finding and loading the library, and the three things that every call needs: a symbol, an options struct, a handle.

const library = Ref{Ptr{Cvoid}}(C_NULL)

symbol(name::Symbol) = Libdl.dlsym(library[], name)

"The library that CONCEPTDEC_LIBRARY names, and no other; without it the one that the system's loader finds."
function find_library()
    path = get(ENV, "CONCEPTDEC_LIBRARY", "")
    names = isempty(path) ? ["libconceptdec.so.$CONCEPTDEC_ABI_VERSION", "libconceptdec"] : [path]
    reasons = String[]
    for name in names
        try
            return Libdl.dlopen(name), name
        catch failure
            push!(reasons, "\n  $name: " * sprint(showerror, failure))
        end
    end
    hint = isempty(path) ? "Set CONCEPTDEC_LIBRARY to the path of libconceptdec.so." : "(named by CONCEPTDEC_LIBRARY)"
    error("ConceptDec cannot load libconceptdec. Tried:", reasons..., "\n", hint)
end

function load_library()
    handle, name = find_library()
    found = ccall(Libdl.dlsym(handle, :conceptdec_abi_version), Int32, ())
    found == CONCEPTDEC_ABI_VERSION ||
        error("ConceptDec needs ABI $CONCEPTDEC_ABI_VERSION of libconceptdec; $name has ABI $found")
    library[] = handle
    return nothing
end

"""
An options struct of the C interface. Fields that are left out or `nothing` stay zero, their default; all others have
their bit in `given` set, so that a zero that the caller wrote is meant.
"""
function options(::Type{T}; fields...) where {T}
    counted = fieldnames(T)[3:end]
    values = map(name -> get(fields, name, nothing), counted)
    given = foldl(|, (UInt64(value !== nothing) << (i - 1) for (i, value) in enumerate(values)))
    types = fieldtypes(T)[3:end]
    filled = map(counted, types, values) do name, type, value
        value === nothing ? zero_of(type) : field(name, type, value)
    end
    return T(sizeof(T), given, filled...)
end

function field(name, type, value)
    try
        return convert(type, value)
    catch failure
        failure isa Union{InexactError,MethodError} || rethrow()
        throw(ArgumentError("$name: $(repr(value)) is no $type"))
    end
end

zero_of(::Type{T}) where {T<:Ptr} = T(C_NULL)
zero_of(::Type{T}) where {T<:Number} = zero(T)

# Opaque objects of the library, one marker type each.
mutable struct conceptdec_ctx end
mutable struct conceptdec_result end
mutable struct conceptdec_neighbors end
mutable struct conceptdec_probe_model end
mutable struct conceptdec_moments end
mutable struct conceptdec_pca end
mutable struct conceptdec_umap end
mutable struct conceptdec_class_moments end
mutable struct conceptdec_subspaces end
mutable struct conceptdec_eraser end
mutable struct conceptdec_activations end
mutable struct conceptdec_accumulator end

release(object::Ptr{conceptdec_ctx}) = ccall(symbol(:conceptdec_ctx_free), Cvoid, (Ptr{conceptdec_ctx},), object)
release(object::Ptr{conceptdec_result}) =
    ccall(symbol(:conceptdec_result_free), Cvoid, (Ptr{conceptdec_result},), object)
release(object::Ptr{conceptdec_neighbors}) =
    ccall(symbol(:conceptdec_neighbors_free), Cvoid, (Ptr{conceptdec_neighbors},), object)
release(object::Ptr{conceptdec_probe_model}) =
    ccall(symbol(:conceptdec_probe_model_free), Cvoid, (Ptr{conceptdec_probe_model},), object)
release(object::Ptr{conceptdec_moments}) =
    ccall(symbol(:conceptdec_moments_free), Cvoid, (Ptr{conceptdec_moments},), object)
release(object::Ptr{conceptdec_pca}) = ccall(symbol(:conceptdec_pca_free), Cvoid, (Ptr{conceptdec_pca},), object)
release(object::Ptr{conceptdec_umap}) = ccall(symbol(:conceptdec_umap_free), Cvoid, (Ptr{conceptdec_umap},), object)
release(object::Ptr{conceptdec_class_moments}) =
    ccall(symbol(:conceptdec_class_moments_free), Cvoid, (Ptr{conceptdec_class_moments},), object)
release(object::Ptr{conceptdec_subspaces}) =
    ccall(symbol(:conceptdec_subspaces_free), Cvoid, (Ptr{conceptdec_subspaces},), object)
release(object::Ptr{conceptdec_eraser}) =
    ccall(symbol(:conceptdec_eraser_free), Cvoid, (Ptr{conceptdec_eraser},), object)
release(object::Ptr{conceptdec_activations}) =
    ccall(symbol(:conceptdec_activations_free), Cvoid, (Ptr{conceptdec_activations},), object)
release(object::Ptr{conceptdec_accumulator}) =
    ccall(symbol(:conceptdec_accumulator_free), Cvoid, (Ptr{conceptdec_accumulator},), object)

"""
Owner of one object of the library, made empty before the call that fills it, so that nothing is lost wherever an
exception strikes. As an argument of `ccall` it is the object, or the place for one. The object is freed when the
owner and every array over its memory (see `borrow`) are gone, in whichever order the collector takes them.
"""
mutable struct Handle{T}
    object::Ptr{T} # the first field: `ccall` writes to the address of the owner
    users::Threads.Atomic{Int}
    Handle{T}() where {T} = finalizer(drop, new{T}(C_NULL, Threads.Atomic{Int}(1)))
end

function drop(owner::Handle)
    Threads.atomic_sub!(owner.users, 1) == 1 || return nothing
    object, owner.object = owner.object, C_NULL
    release(object)
    return nothing
end

"An array over memory of the object; reshaped arrays share what `storage` gives, so the owner is tied to that."
function borrow(owner::Handle, array::Array)
    Threads.atomic_add!(owner.users, 1)
    finalizer(_ -> drop(owner), storage(array))
    return array
end

storage(array::Array) = @static VERSION >= v"1.11" ? array.ref.mem : array

Base.unsafe_convert(::Type{Ptr{T}}, owner::Handle{T}) where {T} = owner.object
Base.unsafe_convert(::Type{Ptr{Ptr{T}}}, owner::Handle{T}) where {T} = Ptr{Ptr{T}}(pointer_from_objref(owner))
