#!/bin/bash
# An archive by a Slurm job array. Plan it once on a login node:
#   npx s2 archive add "/data/shards/*.tar" --to /data/archive --scales 1,2 --plan-only
# then: sbatch examples/scale/slurm.sh. Tasks that are killed or out of time are started again by the same command; what is committed stays.
#SBATCH --job-name=s2-archive
#SBATCH --array=0-99
#SBATCH --cpus-per-task=4
#SBATCH --mem=4G
#SBATCH --time=04:00:00
#SBATCH --requeue
set -euo pipefail
exec npx s2 archive resume "${ARCHIVE:-/data/archive}" --shard auto --threads "${SLURM_CPUS_PER_TASK:-1}" --quiet
