# Tests of the Julia binding; needs no package from a registry:
#   CONCEPTDEC_LIBRARY=build/lib/libconceptdec.so julia --project=bindings/julia bindings/julia/test/runtests.jl

using ConceptDec
using LinearAlgebra, Random, Test

include("brute_force.jl")

"The exception of a call, or nothing."
function thrown(call)
    try
        call()
    catch failure
        return failure
    end
    return nothing
end

refusal(call) = (failure = thrown(call); failure isa ConceptDecError ? failure.name : failure)

@testset "ConceptDec" begin
    include("interface.jl")
    include("views.jl")
    include("readers.jl")
    include("neighbors.jl")
    include("decodability.jl")
    include("sweep.jl")
    include("probe.jl")
    include("projection.jl")
    include("subspaces.jl")
    include("similarity.jl")
    include("geometry.jl")
    include("erasure.jl")
    include("rows.jl")
    include("activations.jl")
    include("accumulator.jl")
    include("errors.jl")
    include("stopping.jl")
end
