# What the library computes, in the plainest way: all distances in Float64, votes as rationals.

squared_distance(a, b) = sum(abs2, Float64.(a) .- Float64.(b))

"Samples other than `i` that `eligible(i, j)` admits, ordered by (distance, sample), and their squared distances."
function ordered(X, i, eligible)
    others = [j for j in axes(X, 2) if j != i && eligible(i, j)]
    distances = [squared_distance(X[:, i], X[:, j]) for j in others]
    order = sortperm(distances) # stable: ties stay in the order of the samples
    return others[order], distances[order]
end

function brute_neighbors(X, k; eligible = (i, j) -> true)
    indices, distances = zeros(Int, k, size(X, 2)), fill(NaN, k, size(X, 2))
    for i in axes(X, 2)
        found, squares = ordered(X, i, eligible)
        for place in 1:min(k, length(found))
            indices[place, i], distances[place, i] = found[place], sqrt(squares[place])
        end
    end
    return indices, distances
end

"Weight of each neighbour: those at exactly the k-th distance share the places that are left."
function shares(squares, k)
    k >= length(squares) && return fill(1 // 1, length(squares))
    closer, tied = count(<(squares[k]), squares), count(==(squares[k]), squares)
    return [s < squares[k] ? 1 // 1 : s == squares[k] ? (k - closer) // tied : 0 // 1 for s in squares]
end

"Decodability of labels y (any values), with shared boundaries and fractional ties, as exact numbers."
function brute_decodability(X, y, k; eligible = (i, j) -> true, ignored = ())
    classes = sort(unique(filter(label -> !(label in ignored), y)))
    confusion = zeros(Rational{Int}, length(classes), length(classes))
    overlap, boundary, tied = 0 // 1, 0, 0
    for i in axes(X, 2)
        y[i] in ignored && continue
        found, squares = ordered(X, i, (i, j) -> eligible(i, j) && !(y[j] in ignored))
        isempty(found) && continue
        weights = shares(squares, k)
        votes = [sum(weights[y[found] .== class]) for class in classes]
        winners = findall(==(maximum(votes)), votes)
        own = findfirst(==(y[i]), classes)
        confusion[own, winners] .+= 1 // length(winners)
        overlap += votes[own] // sum(votes)
        boundary += any(weight -> 0 < weight < 1, weights)
        tied += length(winners) > 1
    end
    counts = vec(sum(confusion, dims = 2))
    scored = sum(counts)
    return (classes = classes, confusion = confusion, per_concept = diag(confusion) .// counts, n_scored = scored,
        decodability = tr(confusion) // scored, label_overlap = overlap // scored,
        boundary_tie_rate = boundary // scored, tie_rate = tied // scored)
end
