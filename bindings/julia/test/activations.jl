# Files of activations: what is saved is what is opened, and files stand in the place of arrays in every function.

"Runs `call(path)` with the place of a file that vanishes afterwards."
in_folder(call, name = "acts.safetensors") = mktempdir(folder -> call(joinpath(folder, name)))

"A .npy file of version 1, as NumPy writes it."
function write_npy(path, descr, fortran, shape, data)
    header = "{'descr': '$descr', 'fortran_order': $fortran, 'shape': $shape, }"
    header = rpad(header, 64 * cld(length(header) + 11, 64) - 11) * "\n"
    open(path, "w") do file
        write(file, b"\x93NUMPY\x01\x00", htol(UInt16(length(header))), header, data)
    end
end

@testset "what is saved is what is opened" begin
    rng = MersenneTwister(70)
    y, sets, grid = rand(rng, 1:3, 50), rand(rng, 0:1, 50, 2), randn(rng, Float32, 4, 50, 2, 3)
    plain, half, numbers = randn(rng, 4, 50), Float16.(randn(rng, 4, 50)), randn(rng, 50)
    layers = [randn(rng, 4, 50) for layer in 1:12]
    in_folder() do path
        arrays = ["plain" => view(plain, 4:-1:1, :), "half" => half, "brain" => bfloat16(plain), "grid" => grid,
            "y" => y, "sets" => sets, "numbers" => numbers, "layers" => layers, "marks" => y .== 1,
            "reader" => RowReader((first, count) -> half[:, first:first+count-1], 50, 4, Float16)]
        save_activations(path, arrays, metadata = Dict("model" => "toy", "größe" => "é\"\n"), dtype = "bfloat16")
        for map in (false, true)
            file = open_activations(path, map = map)
            @test file.names == keys(file) == sort(first.(arrays)) && length(file) == 10 && haskey(file, "y")
            @test (file.metadata["model"], file.metadata["größe"]) == ("toy", "é\"\n")
            @test get(file.metadata, "seed", 3) == 3 && !haskey(file.metadata, "seed") && haskey(file.metadata, "model")
            @test thrown(() -> file.metadata["seed"]) isa KeyError
            for (name, expected) in ("plain" => plain[4:-1:1, :], "half" => half, "brain" => bfloat16(plain),
                                     "grid" => grid, "layers" => cat(layers..., dims = 3), "numbers" => numbers,
                                     "reader" => half)
                A = file[name]
                @test A isa FileArray{eltype(expected),ndims(expected)} && size(A) == size(expected)
                @test Array(A) == collect(A) == expected && typeof(Array(A)) == typeof(expected)
            end
            @test file["y"] == y && file["sets"] == sets && file["marks"] == Int.(y .== 1)
            @test file["y"] isa Vector{Int}
            @test file[1].name == "brain" && Dict(file)["y"] == y
            @test Array(file["grid"][:, :, 2, 1:2]) == grid[:, :, 2, 1:2] && size(file["grid"][:, :, 1, end]) == (4, 50)
            @test Array(file["grid"][:, :, :, 3][:, :, 2]) == grid[:, :, 2, 3]
            @test sprint(show, file["brain"]) == "FileArray(\"brain\": 4 x 50 bfloat16)"
            @test occursin("grid", sprint(show, MIME"text/plain"(), file)) && occursin("10 arrays", sprint(show, file))
            close(file)
            @test !isopen(file) && occursin("closed", sprint(show, file))
            @test thrown(() -> file["y"]) isa ArgumentError
        end
    end
end

@testset "files stand for arrays" begin
    rng = MersenneTwister(71)
    X, y = randn(rng, Float32, 6, 80), rand(rng, 0:2, 80)
    grid = randn(rng, Float32, 6, 80, 2, 2)
    in_folder() do path
        save_activations(path, (X = X, y = y, grid = grid, brain = bfloat16(X)), dtype = "bfloat16")
        for map in (false, true), threads in (1, 3)
            open_activations(path, map = map) do file
                A = file["X"]
                @test knn_decodability(A, file["y"], k = 4, threads = threads).confusion ==
                    knn_decodability(X, y, k = 4).confusion
                @test neighbors(A, 3, queries = A, threads = threads).distances ==
                    neighbors(X, 3, queries = X).distances
                @test neighbors(A, 3, dtype = "float32").indices == neighbors(X, 3).indices
                brain = neighbors(bfloat16(X), 3, dtype = "bfloat16").indices
                @test neighbors(file["brain"], 3).indices == brain
                @test neighbors(file["brain"], 3, dtype = "bfloat16").indices == brain
                @test probe(A, y, threads = threads).accuracy == probe(X, y).accuracy
                @test pca(A, 2).components == pca(X, 2).components
                @test transform(pca(X, 2), A) == transform(pca(X, 2), X)
                @test sweep(file["grid"], y, k = 4, threads = threads).confusion == sweep(grid, y, k = 4).confusion
                @test sweep([A, X], y, k = 4).confusion == sweep([X, X], y, k = 4).confusion
                @test subspaces(file["grid"][:, :, 1, :], y, rank = 2).bases ==
                    subspaces(grid[:, :, 1, :], y, rank = 2).bases
                @test similarity(A, file["grid"]).value == similarity(X, grid).value
                @test add!(ClassMoments(6, 0:2), A, y).means == add!(ClassMoments(6, 0:2), X, y).means
                @test thrown(() -> neighbors(file["grid"], 3)) isa ArgumentError
                @test thrown(() -> sweep(A, y)) isa ArgumentError
                @test thrown(() -> neighbors(A, 3, dtype = "bfloat16")) isa ArgumentError
            end
        end
        file = open_activations(path)
        table, A = neighbors(file["X"], 2), file["X"]
        @test knn_decodability(table, y, k = 5).confusion == knn_decodability(X, y, k = 5).confusion
        copied = joinpath(dirname(path), "copy.npy")
        save_activations(copied, file["grid"])
        @test open_activations(f -> (f.names, Array(f[1])), copied) == (["copy"], grid)
        close(file)
        @test thrown(() -> knn_decodability(table, y, k = 5)) isa ArgumentError
        @test occursin("closed", sprint(showerror, thrown(() -> neighbors(A, 3))))
        @test thrown(() -> Array(A)) isa ArgumentError
    end
end

@testset "an array keeps its file" begin
    in_folder() do path
        save_activations(path, ["X" => ones(3, 40)])
        A = open_activations(path)["X"]
        foreach(_ -> GC.gc(), 1:3)
        @test Array(A) == ones(3, 40)
    end
end

@testset ".npy files of others" begin
    X = Float64.(reshape(1:12, 3, 4)) # d x n
    in_folder("x.npy") do path
        stored = (("<f8", "False", htol.(X)), (">f8", "False", hton.(X)), ("<f8", "True", htol.(Matrix(X'))),
                  (">f8", "True", hton.(Matrix(X'))), ("<f4", "False", htol.(Float32.(X))))
        for (descr, fortran, data) in stored, map in (false, true)
            write_npy(path, descr, fortran, "(4, 3)", data)
            open_activations(path, map = map) do file
                @test file.names == ["x"] && Array(file[1]) == X
                @test neighbors(file["x"], 2).distances == neighbors(X, 2).distances
            end
        end
        write_npy(path, "<u2", "False", "(4, 3)", htol.(bfloat16(X)))
        @test open_activations(f -> f["x"], path) == Int.(bfloat16(X))' # integers keep the axes of the file
        @test open_activations(f -> Array(f["x"]), path, dtype = "bfloat16") == bfloat16(X)
        told_late = thrown(() -> open_activations(f -> neighbors(f["x"], 2, dtype = "bfloat16"), path))
        @test occursin("open_activations(path; dtype=\"bfloat16\")", sprint(showerror, told_late))
        write_npy(path, "|b1", "False", "(3,)", UInt8[1, 0, 1])
        @test open_activations(f -> f["x"], path) == [1, 0, 1]
        write_npy(path, "<c16", "False", "(1,)", zeros(2))
        @test refusal(() -> open_activations(f -> f["x"], path)) in ("CONCEPTDEC_EFORMAT", "CONCEPTDEC_EDTYPE") ||
            thrown(() -> open_activations(f -> f["x"], path)) isa ArgumentError
        write_npy(path, "<f8", "False", "(5, 3)", X)
        @test refusal(() -> open_activations(path)) == "CONCEPTDEC_EFORMAT"
    end
end

@testset "what cannot be opened or saved" begin
    X = ones(3, 40)
    in_folder() do path
        @test refusal(() -> open_activations(path)) == "CONCEPTDEC_EIO"
        write(path, "text")
        @test refusal(() -> open_activations(path)) == "CONCEPTDEC_EFORMAT"
        @test thrown(() -> open_activations(path, dtype = "float8")) isa ArgumentError
        rm(path)
        @test refusal(() -> save_activations(path * ".txt", X)) == "CONCEPTDEC_EINVAL"
        @test refusal(() -> save_activations(path, ["a" => X, "a" => X])) == "CONCEPTDEC_EINVAL"
        @test refusal(() -> save_activations(path, [X, ones(2, 40)])) == "CONCEPTDEC_ESIZE"
        @test refusal(() -> save_activations(joinpath(path, "x.npy"), X)) == "CONCEPTDEC_EIO"
        @test refusal(() -> save_activations(splitext(path)[1] * ".npy", (a = X, b = X))) == "CONCEPTDEC_ESIZE"
        for array in (rand(UInt16, 3, 40), ["a", "b"], "text", rand(ComplexF64, 3, 4))
            @test thrown(() -> save_activations(path, ["X" => array])) isa ArgumentError
        end
        failing = RowReader((first, count) -> error("gone"), 40, 3, Float64)
        @test thrown(() -> save_activations(path, ["X" => failing])) isa ErrorException
        @test isempty(readdir(dirname(path))) # nothing half written
        save_activations(path, ["X" => X])
        file = open_activations(path)
        @test thrown(() -> file["Y"]) isa KeyError
        @test thrown(() -> file[2]) isa BoundsError && thrown(() -> file[0]) isa BoundsError
        @test thrown(() -> file["X"][1, 1]) isa ArgumentError
        close(file)
    end
end
