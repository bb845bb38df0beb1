# The binding's structs and constants are those of the public header.

const HEADER_PATH = joinpath(@__DIR__, "../../../include/conceptdec/conceptdec.h")
const HEADER = replace(read(HEADER_PATH, String), r"/\*.*?\*/"s => "")
const JULIA_TYPES = Dict("uint64_t" => UInt64, "int64_t" => Int64, "uint32_t" => UInt32, "int32_t" => Int32,
    "double" => Float64)
const STRUCTS = (:conceptdec_progress, :conceptdec_ctx_options, :conceptdec_reader, :conceptdec_matrix,
    :conceptdec_array, :conceptdec_neighbors_options, :conceptdec_knn_options, :conceptdec_probe_options,
    :conceptdec_sweep_options, :conceptdec_pca_options, :conceptdec_umap_options, :conceptdec_quality_options,
    :conceptdec_subspaces_options, :conceptdec_overlap_options, :conceptdec_similarity_options,
    :conceptdec_geometry_options, :conceptdec_vectors_options, :conceptdec_eraser_options,
    :conceptdec_erasure_options, :conceptdec_activations_options, :conceptdec_array_info, :conceptdec_named_views,
    :conceptdec_save_options, :conceptdec_accumulator_options)

"Name and type of each field of a struct of the header; `Ptr` for pointers of any kind."
function header_fields(name)
    body = match(Regex("typedef struct $name \\{(.*?)\\} $name;", "s"), HEADER).captures[1]
    return [header_field(strip(line)) for line in split(body, ";") if !isempty(strip(line))]
end

function header_field(line)
    pointer = match(r"\(\*(\w+)\)\(", line)
    pointer === nothing || return Symbol(pointer.captures[1]) => Ptr
    type, star, name, count = match(r"^(?:const )?(\w+) ((?:\*(?:const \*)?)?)(\w+)(?:\[(\d+)\])?$", line).captures
    isempty(star) || return Symbol(name) => Ptr
    return Symbol(name) => (count === nothing ? JULIA_TYPES[type] : NTuple{parse(Int, count),JULIA_TYPES[type]})
end

is_pointer(type) = type <: Ptr || type === Cstring

@testset "structs and constants" begin
    for name in STRUCTS
        mirror = getfield(ConceptDec, name)
        fields = header_fields(name)
        @test collect(fieldnames(mirror)) == first.(fields)
        @test all(is_pointer(own) ? type === Ptr : own === type for (own, (_, type)) in zip(fieldtypes(mirror), fields))
        @test sizeof(mirror) == sum(sizeof(type) for type in fieldtypes(mirror)) # no padding
    end
    sizes = [sizeof(getfield(ConceptDec, name)) for name in STRUCTS]
    @test sizes == [32, 88, 32, 72, 80, 48, 152, 176, 48, 64, 168, 56, 80, 80, 152, 128, 96, 64, 48, 24, 88, 40, 32, 48]
    @test fieldoffset(ConceptDec.conceptdec_knn_options, 23) == 148
    declared = Set(m.captures[1] for m in eachmatch(r"typedef struct (\w+) \{", HEADER))
    @test declared == Set(string.(STRUCTS))
    constants = [Symbol(m.captures[1]) => m.captures[2] for m in
        eachmatch(r"^#define (CONCEPTDEC_\w+) +(\(-?\d+\)|\d+u?|\"\w+\")"m, HEADER)]
    @test length(constants) > 80
    for (name, text) in constants
        value = startswith(text, '"') ? strip(text, '"') : parse(Int, strip(text, ['(', ')', 'u']))
        @test getfield(ConceptDec, name) == value
    end
    called = Set(m.captures[1] for file in readdir(joinpath(@__DIR__, "../src"), join = true)
                 for m in eachmatch(r"symbol\(:(conceptdec_\w+)\)", read(file, String)))
    functions = Set(m.captures[1] for m in eachmatch(r"CONCEPTDEC_API[^;]*?\b(conceptdec_\w+)\(", HEADER))
    @test issubset(called, functions)
    @test length(called) >= 95
end

@testset "options say what was given" begin
    given = ConceptDec.options(ConceptDec.conceptdec_knn_options; k = 0, permute = 1, seed = nothing)
    @test given.struct_size == 152
    @test given.given == UInt64(1) << 2 | UInt64(1) << 18
    @test (given.k, given.permute, given.seed) == (0, 1, 0)
end

underscores(text) = count(character -> character == '_', text)

# Outside of backticks two underscores in a paragraph are taken for emphasis, and vanish.
@testset "documentation of every exported name" begin
    for name in names(ConceptDec)
        @test haskey(Base.Docs.meta(ConceptDec), Base.Docs.Binding(ConceptDec, name))
        for found in values(Base.Docs.meta(ConceptDec)[Base.Docs.Binding(ConceptDec, name)].docs)
            text = join(found.text)
            @test underscores(sprint(show, MIME"text/plain"(), Base.Docs.parsedoc(found))) == underscores(text)
        end
    end
end

@testset "JSON" begin
    value = ConceptDec.parse_json(
        """ {"a": [1, -2.5e3, null, true], "b": {"c": "x\\"\\u00e9\\n", "d": []}, "e": {}} """)
    @test value == Dict("a" => [1, -2500.0, nothing, true], "b" => Dict("c" => "x\"é\n", "d" => []), "e" => Dict())
    @test value["a"][1] isa Int
    for text in ("", "{", "[1,]", "{\"a\" 1}", "nul", "[1] 2", "\"a", "[1 2]")
        @test thrown(() -> ConceptDec.parse_json(text)) isa ArgumentError
    end
    @test ConceptDec.parse_json(ConceptDec.json_list(["a\"b", :c, 3, true, "\\\n"])) == ["a\"b", "c", 3, true, "\\\n"]
end

@testset "version, build and statuses" begin
    @test version() isa VersionNumber
    info = build_info(threads = 1)
    @test info["version"] == string(version())
    @test info["threads"] == 1
    @test info["abi"] == ConceptDec.CONCEPTDEC_ABI_VERSION
    @test ConceptDec.status_name(ConceptDec.CONCEPTDEC_EK) == "CONCEPTDEC_EK"
    @test thrown(() -> ConceptDec.check(ConceptDec.CONCEPTDEC_ENOMEM)) isa OutOfMemoryError
    @test refusal(() -> build_info(threads = 5000)) == "CONCEPTDEC_EINVAL"
end

@testset "a library that is not there" begin
    script = "using ConceptDec"
    project = "--project=$(joinpath(@__DIR__, ".."))"
    text = IOBuffer()
    withenv("CONCEPTDEC_LIBRARY" => "/nowhere/libconceptdec.so") do
        @test !success(pipeline(`$(Base.julia_cmd()) $project -e $script`, stdout = text, stderr = text))
    end
    @test occursin("/nowhere/libconceptdec.so", String(take!(text)))
end
