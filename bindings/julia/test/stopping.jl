# A long call is stopped by its progress function and by Ctrl-C, and nothing unwinds through the library.

struct Stop <: Exception end

@testset "progress and stopping" begin
    X = randn(MersenneTwister(30), Float64, 512, 20_000)
    calls = Any[]
    reporting(answer) = (stage, done, total) -> (push!(calls, (stage, done, total, time())); answer())

    @test refusal(() -> neighbors(X, 10, progress = reporting(() -> false))) == "CONCEPTDEC_ECANCELLED"
    @test length(calls) == 1
    stage, done, total, _ = calls[1]
    @test stage isa String && !isempty(stage) && 0 <= done <= total

    @test thrown(() -> neighbors(X, 10, progress = reporting(() -> throw(Stop())))) isa Stop
    @test length(calls) == 2
    failure = thrown(() -> knn_decodability(X, rand(1:2, 20_000), progress = reporting(() -> throw(Stop()))))
    @test failure isa Stop
    @test time() - calls[end][4] < 0.5
    @test neighbors(X[:, 1:100], 3).n == 100
end

@testset "Ctrl-C" begin
    ccall(:jl_exit_on_sigint, Cvoid, (Cint,), 0)
    X = randn(MersenneTwister(31), Float64, 512, 20_000)
    pressed = Ref(0.0)
    press() = (pressed[] = time(); ccall(:kill, Cint, (Cint, Cint), getpid(), 2))
    press_once = (stage, done, total) -> (pressed[] == 0 && press(); true)
    @test thrown(() -> neighbors(X, 10, progress = press_once)) isa InterruptException
    @test time() - pressed[] < 0.5
    @test neighbors(X[:, 1:100], 3).n == 100
end
