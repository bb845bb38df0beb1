"""
How well can a concept be read from a neural network's activations, and is that more than chance?

Bindings to libconceptdec. Matrices are d x n with a sample in each column, the memory of an n x d matrix in C and
Python; any strided array is read where it lies, and `X'` of an n x d matrix does. See [`knn_decodability`](@ref),
[`neighbors`](@ref), [`sweep`](@ref), [`probe`](@ref), [`probe_regression`](@ref), [`fit_probe`](@ref),
[`pca`](@ref), [`Moments`](@ref), [`umap`](@ref), [`embedding_quality`](@ref), [`subspace_overlap`](@ref),
[`subspaces`](@ref), [`similarity`](@ref), [`geometry`](@ref), [`concept_vectors`](@ref), [`fit_eraser`](@ref),
[`ClassMoments`](@ref), [`Accumulator`](@ref), [`open_activations`](@ref), [`save_activations`](@ref),
[`Result`](@ref), [`rows`](@ref).

`import Pkg; Pkg.develop(path = "bindings/julia")` in the source tree makes the package known;
`--project=bindings/julia` does without. The environment variable `CONCEPTDEC_LIBRARY` names the library (exact path);
without it the system's is loaded. Ctrl-C stops a long call where Julia turns it into an `InterruptException`: in
the REPL, and in scripts that call `ccall(:jl_exit_on_sigint, Cvoid, (Cint,), 0)`.
"""
module ConceptDec

import Libdl

export Accumulator, Activations, ClassMoments, ConceptDecError, Eraser, FileArray, Moments, Neighbors, PCAModel,
    ProbeModel, Result, RowReader, Subspaces, UMAPModel, add!, align, align_sequence, aligned_umap, build_info,
    concept_vectors, decision, embedding_quality, erase, erasure_curve, fit_eraser, fit_probe, geometry,
    inverse_transform, knn_decodability, load_class_moments, load_eraser, load_moments, load_neighbors, load_pca,
    load_probe, load_subspaces, load_umap, neighbors, neighbors_row, open_activations, overlap, pca, predict,
    probabilities, probe, probe_regression, rows, save_activations, save_class_moments, save_eraser, save_moments,
    save_neighbors, save_pca, save_probe, save_subspaces, save_umap, score, similarity, subspace_overlap,
    subspaces, subspaces_from_bases, sweep, to_dict, to_json, transform, umap, version

include("constants.jl")
include("structs.jl")
include("library.jl")
include("errors.jl")
include("json.jl")
include("context.jl")
include("object.jl")
include("matrix.jl")
include("reader.jl")
include("labels.jl")
include("result.jl")
include("rows.jl")
include("activations.jl")
include("saving.jl")
include("neighbors.jl")
include("decodability.jl")
include("sweep.jl")
include("probe.jl")
include("probe_model.jl")
include("pca.jl")
include("moments.jl")
include("align.jl")
include("umap.jl")
include("quality.jl")
include("class_moments.jl")
include("subspaces.jl")
include("overlap.jl")
include("similarity.jl")
include("geometry.jl")
include("vectors.jl")
include("eraser.jl")
include("accumulator.jl")

__init__() = load_library()

end
