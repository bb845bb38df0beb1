/* The entries of a table that have the same name in every kernel set. */
.panel_f32 = panel_f32, .panel_f64 = panel_f64, .widen_f64 = widen_f64, .widen_f32 = widen_f32, .widen_f16 = widen_f16,
                        .widen_bf16 = widen_bf16, .scan = scan, .center_f32 = center_f32, .center_f64 = center_f64,
                        .interleave_f32 = interleave_f32, .interleave_f64 = interleave_f64, .screen_f32 = screen_f32,
                        .screen_f64 = screen_f64, .distance_f64 = distance_f64, .distance_f32 = distance_f32,
                        .distance_f16 = distance_f16, .distance_bf16 = distance_bf16, .votes = votes,
