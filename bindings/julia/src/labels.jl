# Labels and groups of any kind become 0..C-1.

is_collection(ignore) = ignore isa Union{AbstractArray,Tuple,AbstractSet}

is_ignored(value, ::Nothing) = false
is_ignored(value, ignore) = any(other -> isequal(value, other), is_collection(ignore) ? ignore : (ignore,))

"The sorted different values of `y` without those that `ignore` (a value or several) names."
function classes_of(y, ignore, what)
    different = [value for value in unique(y) if !is_ignored(value, ignore)]
    try
        return sort!(different)
    catch failure
        failure isa MethodError || rethrow()
        kinds = join(unique(typeof.(different)), ", ")
        throw(ArgumentError("$what: values of different kinds have no common order: $kinds"))
    end
end

"The number 0..C-1 of each label among the classes, -1 for those that are ignored; and the classes."
function encode(y::AbstractVecOrMat, ignore = nothing, what = "y")
    for (i, value) in pairs(IndexCartesian(), y)
        (value === missing || value === nothing) && !is_ignored(value, ignore) &&
            throw(ArgumentError("$what: $value at place $(join(Tuple(i), ", ")), and no label; `ignore` may name it"))
        value isa AbstractFloat && !isinteger(value) && !is_ignored(value, ignore) &&
            throw(ArgumentError("$what: $value is a measurement, no label; labels are integers, strings, symbols"))
    end
    classes = classes_of(y, ignore, what)
    number = Dict(value => i - 1 for (i, value) in enumerate(classes))
    return Array{Int64,ndims(y)}(map(value -> get(number, value, -1), y)), classes
end

encode(y, ignore = nothing, what = "y") =
    throw(ArgumentError("$what: need a vector of n labels or an n x L matrix, not a $(typeof(y))"))

function listed_classes(classes)
    is_collection(classes) || throw(ArgumentError("classes: need a list of labels, not $(repr(classes))"))
    listed = collect(classes)
    allunique(listed) || throw(ArgumentError("classes: a label stands there twice"))
    return listed
end

"""
The same among classes that the caller lists, in their order; without a list those that `y` has. A label that is none of
them, nor ignored, is refused.
"""
function encode_among(classes, y, ignore, what = "y")
    classes === nothing && return encode(y, ignore, what)
    listed = listed_classes(classes)
    for label in encode(y, ignore, what)[2]
        label in listed || throw(ArgumentError("$what: $(repr(label)) is none of the classes; `ignore` may name it"))
    end
    number = Dict(value => i - 1 for (i, value) in enumerate(listed) if !is_ignored(value, ignore))
    return Array{Int64,ndims(y)}(map(value -> get(number, value, -1), y)), listed
end

"The labels that C classes of a file stand for; 0 to C - 1 where the caller names none."
function names_of(classes, count, what)
    names = classes === nothing ? collect(0:count-1) : collect(classes)
    length(names) == count || throw(ArgumentError("classes: $(length(names)) are given, but the $what has $count"))
    return names
end

# Views that options point to; `roots` keeps them and their memory alive.

"The address of a view, or of an options struct, that `roots` keeps alive."
function kept(roots, value)
    place = [value]
    push!(roots, place)
    return pointer(place)
end

function view_pointer(roots, values, view)
    push!(roots, values)
    return kept(roots, view)
end

view_pointer(roots, values::Array{Int64}) = view_pointer(roots, values, integer_view(values))

group_pointer(roots, ::Nothing, what = "groups") = nothing
group_pointer(roots, groups, what = "groups") = view_pointer(roots, encode(groups, nothing, what)[1])

"The same for the groups of samples and of queries, which share their values."
function group_pointers(roots, groups, others)
    (groups === nothing || others === nothing) && return group_pointer(roots, groups), group_pointer(roots, others)
    numbers, _ = encode(vcat(groups, others), nothing, "groups and query_groups")
    return view_pointer(roots, numbers[1:length(groups)]), view_pointer(roots, numbers[length(groups)+1:end])
end

function train_pointer(roots, train)
    train === nothing && return nothing
    all(mark -> mark !== missing && mark in (0, 1), train) || throw(ArgumentError("train: need a Bool for each sample"))
    return view_pointer(roots, Vector{Int64}(train))
end

number_pointer(roots, ::Nothing, what) = nothing
number_pointer(roots, values, what) = kept(roots, numbers_view(roots, values, what))

row_pointer(roots, ::Nothing, what) = nothing
row_pointer(roots, rows, what) = kept(roots, rows_view(roots, rows, nothing, what))

"Refuses options that nothing takes: names, or the keywords that are left over."
refuse(names) = foreach(name -> throw(ArgumentError("there is no option $name")), names)
refuse(left::Base.Iterators.Pairs) = refuse(keys(left))

"The number that the library uses for one of the values of an option."
function choice(option, value, numbers)
    value === nothing && return nothing
    haskey(numbers, string(value)) && return numbers[string(value)]
    throw(ArgumentError("$option=$(repr(value)): choose one of $(join(repr.(sort(collect(keys(numbers)))), ", "))"))
end
