"""pca_peer.py TOOL PATH COMPONENTS: one tool of the PCA benchmark, in a process of its own.

Reads one JSON command a line, {"solver": S, ...} or {"save": PATH} for the components and variances that came last, and
answers with one JSON line: seconds, seconds of the processor, and MiB of memory beyond what was in use before.
"""
import json
import sys
import time

import numpy as np


def memory(field):
    """A field of /proc/self/status in MiB."""
    with open("/proc/self/status") as file:
        for line in file:
            if line.startswith(field):
                return int(line.split()[1]) / 1024
    return float("nan")


def forget_peak():
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")


def scikit_learn(x, components, solver, **options):
    from sklearn.decomposition import PCA

    fit = PCA(n_components=components, svd_solver=solver, random_state=0, **options).fit(x)
    return fit.components_, fit.explained_variance_, {}


def conceptdec(x, components, solver, **options):
    import conceptdec as library

    fit = library.pca(x, components, solver=solver, **options)
    about = {"iterations": int(fit.iterations), "converged": bool(fit.converged), "residual": float(fit.residual.max())}
    return fit.components, fit.explained_variance, about


def main():
    call = {"scikit-learn": scikit_learn, "conceptdec": conceptdec}[sys.argv[1]]
    x, components, last = np.load(sys.argv[2]), int(sys.argv[3]), None
    call(np.eye(64, 32, dtype=np.float32), 3, "full" if sys.argv[1] == "scikit-learn" else "covariance")  # all is loaded
    for line in sys.stdin:
        command = json.loads(line)
        if "save" in command:
            np.savez(command["save"], components=last[0], variance=last[1])
            print("{}", flush=True)
            continue
        forget_peak()
        before, start, worked = memory("VmRSS"), time.perf_counter(), time.process_time()
        components_, variance, about = call(x, components, **command)
        about["seconds"], about["cpu"] = time.perf_counter() - start, time.process_time() - worked
        about["memory"] = memory("VmHWM") - before
        last = components_, variance
        print(json.dumps(about), flush=True)


if __name__ == "__main__":
    main()
