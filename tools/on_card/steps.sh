# Sourced by `check` and `train`: their arguments, steps with a limit of time, and the build.

BUDGET=${BUDGET:-345} # seconds for all
python=${PYTHON:-python3}
code=0

begin() { # CARRIED OUT [--simulate]
    carried=$(realpath "$1") out=$(mkdir -p "$2" && realpath "$2") simulate=${3:-}
    [ -z "$simulate" ] || [ "$simulate" = --simulate ] || { echo "unknown option: $simulate" >&2; exit 2; }
    cd "$(dirname "${BASH_SOURCE[0]}")/../.."
    site=$(mktemp -d)
    trap 'rm -rf "$site"' EXIT
    : >"$out/summary.txt"
    # Not in the checkout, whose copy may be read-only, nor in the Python that is there.
    export PYTHONPATH=$site:$PWD PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
    [ -z "$simulate" ] || export NUMBA_ENABLE_CUDASIM=1
}

step() { # NAME PERCENT COMMAND...: no more of BUDGET than that; its output in OUT/NAME.txt, a line in OUT/summary.txt
    local name=$1 limit=$(($2 * BUDGET / 100)) left=$((BUDGET - SECONDS)) started=$SECONDS failed=0 said
    shift 2
    if [ "$left" -le 0 ]; then
        said="not run, no time left" failed=1
    else
        timeout -k 5 "$((left < limit ? left : limit))" "$@" >"$out/$name.txt" 2>&1 || failed=$?
        case $failed in 0) said=done ;; 124 | 137) said="stopped, out of time" ;; *) said="failed ($failed)" ;; esac
    fi
    printf '%-10s %4d s  %s\n' "$name" "$((SECONDS - started))" "$said" | tee -a "$out/summary.txt"
    [ "$failed" = 0 ] || { code=1; return 1; }
}

build() { # the wheels that were carried, and the kernels in place
    local wheels=("$carried"/*.whl)
    if [ -e "${wheels[0]}" ]; then
        "$python" -m pip install -q --no-index --no-deps --no-compile --disable-pip-version-check \
            --target "$site" "${wheels[@]}"
    fi
    "$python" setup.py -q build_ext --inplace -j2
    "$python" -c 'from facecrypt import _jpeg, _native; print(_native.__file__)'
}

find_nvvm() { # sets CUDA_HOME to the first that has what compiles kernels
    [ -z "$simulate" ] || return 0
    tar xJf "$carried/nvvm.tar.xz" -C "$site"
    local home
    for home in "${CUDA_HOME:-}" /usr/local/cuda "$site"; do
        export CUDA_HOME=$home
        if "$python" -c 'from cuda.pathfinder import load_nvidia_dynamic_lib as load; load("nvvm")' 2>/dev/null; then
            echo "CUDA_HOME=$home" >>"$out/summary.txt"
            return
        fi
    done
}

export_all() { export -f build; export carried site python; }
