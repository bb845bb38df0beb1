"""
    sweep(views, y; metrics="knn", options...) -> Result

k-NN decodability (`metrics="knn"`) or linear probes (`metrics="probe"`) of many matrices of the same samples (layers;
steps x layers x shots) with one set of labels.

# Arguments
- `views`: an array of d x n matrices (widths may differ) or [`RowReader`](@ref)s, whose axes, 1 to 4, are the grid: a
  vector for the layers, a matrix for steps x layers; or one numeric array whose first two axes are d x n and whose
  further axes are the grid. The same memory in C and Python has its axes reversed; the grid here has them as this
  array has.
- `y` and all options: see [`knn_decodability`](@ref) or [`probe`](@ref).

# Result
Every array of [`knn_decodability`](@ref) or [`probe`](@ref) (without the fit on all samples: widths may differ) with
the axes of the grid in front, and `status` of each cell (0, or the
number of an error, whose text stands in `r.messages`): a cell that fails has NaN, or -1 where numbers are integers, and
does not lose the rest.
Folds, permutations and bootstrap draws are the same in every cell, so that cells compare in pairs: `difference`
(grid x K) is decodability (of probes accuracy, grid x A) less that of the cell before it on the last axis of the
grid, NaN for the first; with `bootstrap`, `difference_low` and `difference_high`.

Throws what [`knn_decodability`](@ref) or [`probe`](@ref) throws for the labels and the options, and the error of the
first cell where all of them fail.
"""
function sweep(views, y; metrics = "knn", classes = nothing, ignore = nothing, dtype = nothing, threads = nothing,
               progress = nothing, screening = nothing, keywords...)
    string(metrics) in ("knn", "probe") ||
        throw(ArgumentError("metrics=$(repr(metrics)): choose \"knn\" or \"probe\""))
    classes === nothing || string(metrics) == "probe" || throw(ArgumentError("classes: only probes take a list"))
    grid = matrix_views(views, dtype)
    cells, shape = row_major(grid), collect(Int64, size(grid))
    numbers, values = encode_among(classes, y, ignore)
    labels = Ref(integer_view(numbers))
    roots = Any[views, shape, numbers]
    of_cells = string(metrics) == "knn" ? (knn = kept(roots, knn_options(roots; keywords...)),) :
        (probe = kept(roots, probe_options(roots, count_of(classes); keywords...)),)
    wishes = Ref(options(conceptdec_sweep_options; shape = pointer(shape), ndim = length(shape), of_cells...))
    owner = Handle{conceptdec_result}()
    run = (screening = screening, sources = readers_of(views), called = ("x" => "views",))
    GC.@preserve roots with_classes(values, threads, progress; run...) do ctx
        ccall(symbol(:conceptdec_sweep), Int32,
            (Ptr{conceptdec_ctx}, Ptr{conceptdec_matrix}, Int64, Ptr{conceptdec_matrix}, Ptr{conceptdec_sweep_options},
             Ptr{Ptr{conceptdec_result}}), ctx, cells, length(cells), labels, wishes, owner)
    end
    return Result(owner, values, shape)
end
