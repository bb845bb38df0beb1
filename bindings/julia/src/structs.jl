# The structs of include/conceptdec/conceptdec.h: names, fields and their order as in C.

struct conceptdec_progress
    struct_size::UInt64
    stage::Cstring
    done::Int64
    total::Int64
end

struct conceptdec_ctx_options
    struct_size::UInt64
    given::UInt64
    allocate::Ptr{Cvoid}
    release::Ptr{Cvoid}
    allocator_user::Ptr{Cvoid}
    parallel_for::Ptr{Cvoid}
    parallel_user::Ptr{Cvoid}
    progress::Ptr{Cvoid}
    progress_user::Ptr{Cvoid}
    threads::Int32
    kernel_mask::UInt32
    screening::UInt32
    reserved::UInt32
end

struct conceptdec_reader
    struct_size::UInt64
    given::UInt64
    read::Ptr{Cvoid}
    user::Ptr{Cvoid}
end

struct conceptdec_matrix
    data::Ptr{Cvoid}
    rows::Int64
    cols::Int64
    row_stride::Int64
    col_stride::Int64
    dtype::Int32
    device::Int32
    flags::UInt64
    reserved::NTuple{2,UInt64}
end

struct conceptdec_array
    data::Ptr{Cvoid}
    shape::NTuple{8,Int64}
    ndim::Int32
    dtype::Int32
end

struct conceptdec_neighbors_options
    struct_size::UInt64
    given::UInt64
    k::Int64
    groups::Ptr{conceptdec_matrix}
    query_groups::Ptr{conceptdec_matrix}
    metric::Int32
    flags::UInt32
end

struct conceptdec_knn_options
    struct_size::UInt64
    given::UInt64
    ks::Ptr{Int64}
    n_ks::Int64
    k::Int64
    groups::Ptr{conceptdec_matrix}
    train::Ptr{conceptdec_matrix}
    classes::Int64
    folds::Int64
    permutations::Int64
    bootstrap::Int64
    chance_draws::Int64
    seed::UInt64
    confidence::Float64
    temperature::Float64
    metric::Int32
    protocol::Int32
    weights::Int32
    ties::Int32
    boundary::Int32
    permute::Int32
    flags::UInt32
    reserved::UInt32
end

struct conceptdec_probe_options
    struct_size::UInt64
    given::UInt64
    lambdas::Ptr{Float64}
    n_lambdas::Int64
    groups::Ptr{conceptdec_matrix}
    train::Ptr{conceptdec_matrix}
    weights::Ptr{conceptdec_matrix}
    types::Ptr{conceptdec_matrix}
    classes::Int64
    folds::Int64
    permutations::Int64
    bootstrap::Int64
    control::Int64
    max_iterations::Int64
    memory::Int64
    seed::UInt64
    confidence::Float64
    tolerance::Float64
    shrinkage::Float64
    kind::Int32
    protocol::Int32
    standardize::Int32
    covariance::Int32
    permute::Int32
    flags::UInt32
end

struct conceptdec_sweep_options
    struct_size::UInt64
    given::UInt64
    knn::Ptr{conceptdec_knn_options}
    shape::Ptr{Int64}
    ndim::Int64
    probe::Ptr{conceptdec_probe_options}
end

struct conceptdec_pca_options
    struct_size::UInt64
    given::UInt64
    n_components::Int64
    max_iterations::Int64
    memory::Int64
    seed::UInt64
    tolerance::Float64
    solver::Int32
    flags::UInt32
end

struct conceptdec_umap_options
    struct_size::UInt64
    given::UInt64
    labels::Ptr{conceptdec_matrix}
    start::Ptr{conceptdec_matrix}
    n_components::Int64
    n_neighbors::Int64
    epochs::Int64
    negative_samples::Int64
    memory::Int64
    seed::UInt64
    min_dist::Float64
    spread::Float64
    learning_rate::Float64
    repulsion::Float64
    mix::Float64
    local_connectivity::Float64
    target_weight::Float64
    alignment::Float64
    window::Int64
    metric::Int32
    init::Int32
    flags::UInt32
    reserved::UInt32
end

struct conceptdec_quality_options
    struct_size::UInt64
    given::UInt64
    ks::Ptr{Int64}
    n_ks::Int64
    labels::Ptr{conceptdec_matrix}
    memory::Int64
    metric::Int32
    flags::UInt32
end

struct conceptdec_subspaces_options
    struct_size::UInt64
    given::UInt64
    probe::Ptr{conceptdec_probe_options}
    rank::Int64
    classes::Int64
    memory::Int64
    seed::UInt64
    explained::Float64
    tolerance::Float64
    basis::Int32
    flags::UInt32
end

struct conceptdec_overlap_options
    struct_size::UInt64
    given::UInt64
    subspaces::Ptr{conceptdec_subspaces_options}
    groups::Ptr{conceptdec_matrix}
    permutations::Int64
    bootstrap::Int64
    memory::Int64
    seed::UInt64
    confidence::Float64
    permute::Int32
    flags::UInt32
end

struct conceptdec_similarity_options
    struct_size::UInt64
    given::UInt64
    labels::Ptr{conceptdec_matrix}
    partitions::Ptr{conceptdec_matrix}
    groups::Ptr{conceptdec_matrix}
    k::Int64
    batch::Int64
    permutations::Int64
    bootstrap::Int64
    memory::Int64
    seed::UInt64
    bandwidth::Float64
    variance::Float64
    ridge::Float64
    confidence::Float64
    kind::Int32
    kernel::Int32
    rdm::Int32
    comparison::Int32
    metric::Int32
    permute::Int32
    flags::UInt32
    reserved::UInt32
end

struct conceptdec_geometry_options
    struct_size::UInt64
    given::UInt64
    weights::Ptr{conceptdec_matrix}
    bias::Ptr{conceptdec_matrix}
    classes::Int64
    k::Int64
    hub_k::Int64
    references::Int64
    memory::Int64
    seed::UInt64
    lambda::Float64
    discard::Float64
    tolerance::Float64
    metric::Int32
    flags::UInt32
    capacity_draws::Int64
    capacity_margin::Float64
end

struct conceptdec_vectors_options
    struct_size::UInt64
    given::UInt64
    baseline::Ptr{conceptdec_matrix}
    groups::Ptr{conceptdec_matrix}
    classes::Int64
    baseline_class::Int64
    bootstrap::Int64
    splits::Int64
    memory::Int64
    seed::UInt64
    confidence::Float64
    reference::Int32
    flags::UInt32
end

struct conceptdec_eraser_options
    struct_size::UInt64
    given::UInt64
    directions::Ptr{conceptdec_matrix}
    classes::Int64
    rank::Int64
    memory::Int64
    tolerance::Float64
    kind::Int32
    flags::UInt32
end

struct conceptdec_erasure_options
    struct_size::UInt64
    given::UInt64
    eraser::Ptr{conceptdec_eraser_options}
    knn::Ptr{conceptdec_knn_options}
    probe::Ptr{conceptdec_probe_options}
    most::Int64
end

struct conceptdec_activations_options
    struct_size::UInt64
    given::UInt64
    flags::UInt32
    dtype::Int32
end

struct conceptdec_array_info
    name::Cstring
    type::Cstring
    shape::NTuple{8,Int64}
    ndim::Int32
    dtype::Int32
end

struct conceptdec_named_views
    name::Cstring
    views::Ptr{conceptdec_matrix}
    shape::Ptr{Int64}
    ndim::Int64
    flags::UInt64
end

struct conceptdec_save_options
    struct_size::UInt64
    given::UInt64
    metadata::Ptr{Cstring}
    n_metadata::Int64
end

struct conceptdec_accumulator_options
    struct_size::UInt64
    given::UInt64
    reservoir::Int64
    seed::UInt64
    producer::UInt64
    dtype::Int32
    moments::Int32
end
