#!/bin/bash
# Measures in an unpacked archive: `bash measure.sh OUT` writes gpu.json and gpu.log there. Needs no network; uses the archive's Node.
set -u
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
nvidia=/usr/local/nvidia/share/vulkan/icd.d/nvidia_icd.json
if [ -z "${VK_DRIVER_FILES:-}" ] && [ -e "$nvidia" ]; then export VK_DRIVER_FILES="$nvidia"; fi
export XDG_RUNTIME_DIR="${XDG_RUNTIME_DIR:-/tmp}" PYTHONUNBUFFERED=1
exec "$here/node" "$here/bench/gpu/measure.mjs" "$@"
