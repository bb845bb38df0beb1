"""
    ConceptDecError

What the library refuses, with the fields `status` (the number of the status), `name` (such as "CONCEPTDEC_EK") and
`text`, which names the argument, the place and the limit. Rows in the text are samples, columns are dimensions, and
both are counted from 0, as in C. Exhausted memory is an `OutOfMemoryError` (the limit that the option `memory` states a
`ConceptDecError`, whose text has the bytes that are needed), an argument that never reaches the
library an `ArgumentError`, and Ctrl-C an `InterruptException`.
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
end

status_name(status) = unsafe_string(ccall(symbol(:conceptdec_status_name), Cstring, (Int32,), status))

function check(status, text = "")
    status == CONCEPTDEC_OK && return nothing
    status == CONCEPTDEC_ENOMEM && !startswith(text, "memory: ") && throw(OutOfMemoryError())
    throw(ConceptDecError(status, status_name(status), text))
end
