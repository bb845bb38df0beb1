# A reader for the JSON that the library writes: objects become Dict{String,Any}, arrays Vector{Any}, null nothing;
# and a writer for lists of labels.

mutable struct JsonText
    text::String
    at::Int
end

function parse_json(text::AbstractString)
    source = JsonText(String(text), 1)
    value = json_value(source)
    peek_json(source) == '\0' || json_error(source)
    return value
end

json_error(source) = throw(ArgumentError("not JSON at byte $(source.at)"))

"The next character that is not white space, '\\0' at the end."
function peek_json(source::JsonText)
    while source.at <= ncodeunits(source.text)
        isspace(source.text[source.at]) || return source.text[source.at]
        source.at += 1
    end
    return '\0'
end

function json_value(source::JsonText)
    next = peek_json(source)
    next == '{' && return json_object(source)
    next == '[' && return json_array(source)
    next == '"' && return json_string(source)
    for (word, value) in ("true" => true, "false" => false, "null" => nothing)
        startswith(SubString(source.text, source.at), word) && (source.at += length(word); return value)
    end
    return json_number(source)
end

"Reads `open item, item, ... close`, with `item()` called at each item."
function json_items(item, source::JsonText, close::Char)
    source.at += 1
    peek_json(source) == close && (source.at += 1; return)
    while true
        item()
        next = peek_json(source)
        next in (',', close) || json_error(source)
        source.at += 1
        next == close && return
    end
end

function json_array(source::JsonText)
    values = Any[]
    json_items(() -> push!(values, json_value(source)), source, ']')
    return values
end

function json_object(source::JsonText)
    values = Dict{String,Any}()
    json_items(source, '}') do
        peek_json(source) == '"' || json_error(source)
        key = json_string(source)
        peek_json(source) == ':' || json_error(source)
        source.at += 1
        values[key] = json_value(source)
    end
    return values
end

function json_number(source::JsonText)
    found = match(r"\G-?\d+(\.\d+)?([eE][-+]?\d+)?", source.text, source.at)
    found === nothing && json_error(source)
    source.at += ncodeunits(found.match)
    whole = found.captures[1] === nothing && found.captures[2] === nothing
    return something(whole ? tryparse(Int64, found.match) : nothing, parse(Float64, found.match))
end

"A string; unescape_string knows every escape that the library writes."
function json_string(source::JsonText)
    found = match(r"\G\"([^\"\\]*+(?:\\.[^\"\\]*+)*+)\"", source.text, source.at)
    found === nothing && json_error(source)
    source.at += ncodeunits(found.match)
    return unescape_string(found.captures[1])
end

json_text(label::Union{Bool,Integer}) = string(label)
json_text(label) = '"' * replace(string(label), r"[\"\\\x00-\x1f]" => json_escape) * '"'
json_escape(text) = "\\u" * string(UInt16(first(text)), base = 16, pad = 4)
json_list(labels) = "[" * join(json_text.(labels), ", ") * "]"
