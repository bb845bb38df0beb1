"""
    ConceptDecError

What the library refuses, with the fields `status` (the number of the status), `name` (such as "CONCEPTDEC_EK") and
`text`, which names the argument, the place and the limit. Rows in the text are samples, columns are dimensions, and
both are counted from 0, as in C; so are places in lists, such as `views[1]`. Exhausted memory is an `OutOfMemoryError`
(the limit that the option `memory` states a `ConceptDecError`, whose text has the bytes that are needed), an argument
that never reaches the library an `ArgumentError`, and Ctrl-C an `InterruptException`.
"""
struct ConceptDecError <: Exception
    status::Int
    name::String
    text::String
end

function Base.showerror(io::IO, failure::ConceptDecError)
    print(io, "ConceptDecError: ", isempty(failure.text) ? failure.name : "$(failure.text) ($(failure.name))")
    occursin(r"\b(row|column) \d", failure.text) &&
        print(io, "; rows are samples and columns dimensions, counted from 0")
    occursin(r"\w\[\d+\]", failure.text) && print(io, "; places in lists count from 0")
end

"Names of arguments in the library's texts, and what the arguments are called here."
const NAMES = Dict("x" => "X", "z" => "Z", "labels" => "y", "targets" => "t", "embedding" => "E", "start" => "init",
    "ks" => "k", "n_ks" => "number of k", "n_lambdas" => "number of lambdas",
    "n_views" => "number of views", "n_a" => "number of A", "n_b" => "number of B")

"What a text is about, and what that is compared with: \"labels: 9 rows, but x has 40\"."
const NAME_IN_TEXT = r"(?:^\w+(?=[\[:])|\b\w+(?=(?:\[\d+\])? (?:has|is)\b))(?:\[\d+\])?"

"A text of the library with the names that arguments have here; `called`: those that a function calls otherwise."
function named_here(text, called = ())
    names = merge(NAMES, Dict{String,String}(called))
    named = replace(replace(text, r"^options\." => ""), NAME_IN_TEXT => function (found)
        word = match(r"^\w+", found).match
        return get(names, found, get(names, word, word) * found[length(word)+1:end])
    end)
    return replace(named, r"\bis NULL$" => "is nothing")
end

"Of a list of views, which may be one matrix: its name in the library and here, and the shape of the list."
called_views(theirs, ours, shape) = shape == () ? (theirs => ours, "$theirs[0]" => ours) : (theirs => ours,)

status_name(status) = unsafe_string(ccall(symbol(:conceptdec_status_name), Cstring, (Int32,), status))

function check(status, text = "")
    status == CONCEPTDEC_OK && return nothing
    status == CONCEPTDEC_ENOMEM && !startswith(text, "memory: ") && throw(OutOfMemoryError())
    throw(ConceptDecError(status, status_name(status), text))
end
