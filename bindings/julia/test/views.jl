# Any strided array is read where it lies; every layout and element type gives the same table.

"The upper half of Float32 numbers; exact for the small integers used here."
bfloat16(A) = UInt16.(reinterpret(UInt32, Float32.(A)) .>> 16)

@testset "layouts and element types" begin
    rng = MersenneTwister(1)
    X = Float64.(rand(rng, -8:8, 6, 50))
    expected = neighbors(X, 7)
    same(A; options...) = (nb = neighbors(A, 7; options...);
        nb.indices == expected.indices && nb.distances == expected.distances)

    for T in (Float64, Float32, Float16)
        Y = Matrix{T}(X)
        @test same(Y)
        @test same(copy(Y')')
        @test same(transpose(copy(Y')))
        @test same(PermutedDimsArray(copy(Y'), (2, 1)))
        @test same(view(vcat(Y, Y), 1:6, :))
        @test same(view(hcat(Y, Y .+ one(T)), :, 1:50))
        @test same(view(reverse(Y, dims = 2), :, 50:-1:1))
        wide = zeros(T, 12, 100)
        wide[2:2:end, 1:2:end] = Y
        @test same(view(wide, 2:2:12, 1:2:99))
        @test same(view(copy(wide'), 1:2:99, 2:2:12)')
    end
    @test same(bfloat16(X), dtype = "bfloat16")
    @test same(copy(bfloat16(X)')', dtype = "bfloat16")
    @test same(Float32.(X), dtype = "float32")

    cube = zeros(Float32, 6, 3, 50)
    cube[:, 2, :] = X
    @test same(view(cube, :, 2, :))
end

@testset "nothing is copied" begin
    X = randn(Float32, 64, 40)
    view_of_X = ConceptDec.matrix_view(view(X, 64:-2:2, 3:3:40))
    @test view_of_X.data == Ptr{Cvoid}(pointer(X, 64 + 2 * 64))
    @test (view_of_X.rows, view_of_X.cols) == (13, 32)
    @test (view_of_X.row_stride, view_of_X.col_stride) == (3 * 64 * 4, -2 * 4)
end

@testset "what cannot be read" begin
    X = randn(6, 50)
    for A in (view(X, [1, 2], :), Diagonal(randn(6)), rand(1:9, 6, 50), rand(Bool, 6, 50), randn(ComplexF64, 6, 50),
              randn(6), "text", bfloat16(X))
        @test thrown(() -> neighbors(A, 3)) isa ArgumentError
    end
    @test occursin("collect", sprint(showerror, thrown(() -> neighbors(view(X, [1, 2], :), 3))))
    @test thrown(() -> neighbors(X, 3, dtype = "bfloat16")) isa ArgumentError
    @test thrown(() -> neighbors(Float16.(X), 3, dtype = "bfloat16")) isa ArgumentError
    @test thrown(() -> neighbors(X, 3, dtype = "float8")) isa ArgumentError
end

@testset "labels" begin
    encode = ConceptDec.encode
    @test encode([30, 10, 20, 10]) == ([2, 0, 1, 0], [10, 20, 30])
    @test encode(["b", "a", "b"]) == ([1, 0, 1], ["a", "b"])
    @test encode([:verb, :noun]) == ([1, 0], [:noun, :verb])
    @test encode([true, false]) == ([1, 0], [false, true])
    @test encode([5, -1, 7], -1) == ([0, -1, 1], [5, 7])
    @test encode(["x", "y", "z"], ["x", "y"]) == ([-1, -1, 0], ["z"])
    @test encode(["xy", "x"], "xy") == ([-1, 0], ["x"])
    @test encode([1, missing, 2], missing) == ([0, -1, 1], [1, 2])
    @test encode(["a", nothing], (nothing,)) == ([0, -1], ["a"])
    @test thrown(() -> encode([1, missing, 2])) isa ArgumentError
    @test thrown(() -> encode(["a", nothing])) isa ArgumentError
    @test encode([1 3; 2 1]) == ([0 2; 1 0], [1, 2, 3])
    @test encode(view([9, 8, 7, 6], 4:-1:1))[1] == [0, 1, 2, 3]
    @test thrown(() -> encode(Any[1, "a"])) isa ArgumentError
    @test thrown(() -> encode(7)) isa ArgumentError
end
