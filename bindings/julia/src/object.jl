# What the objects of the library have in common: they are open until they are closed, have named arrays and files.

"An object with a field `handle`; `kind_of` names it in messages."
abstract type LibraryObject end

function handle(object::LibraryObject)
    owner = getfield(object, :handle)
    owner.object == C_NULL && throw(ArgumentError("the $(kind_of(object)) is closed"))
    return owner
end

function Base.close(object::LibraryObject)
    finalize(getfield(object, :handle))
    return nothing
end

Base.isopen(object::LibraryObject) = getfield(object, :handle).object != C_NULL

"A copy of one of the arrays of an object; `get` is the address of its function."
function object_array(owner::Handle{T}, get, name) where {T}
    found = Ref{conceptdec_array}()
    check(ccall(get, Int32, (Ptr{T}, Cstring, Ptr{conceptdec_array}), owner, string(name), found), string(name))
    return GC.@preserve owner copy_array(found[])
end

# A type that a closure has captured cannot stand in a `ccall`.
write_object(save, ctx, owner::Handle{T}, path) where {T} =
    ccall(save, Int32, (Ptr{conceptdec_ctx}, Ptr{T}, Cstring), ctx, owner, path)
read_object(load, ctx, path, owner::Handle{T}) where {T} =
    ccall(load, Int32, (Ptr{conceptdec_ctx}, Cstring, Ptr{Ptr{T}}), ctx, path, owner)

save_object(owner, save, path) = with_context(ctx -> write_object(save, ctx, owner, path))

function load_object(::Type{T}, load, path) where {T}
    owner = Handle{T}()
    with_context(ctx -> read_object(load, ctx, path, owner))
    return owner
end
