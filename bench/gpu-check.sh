#!/usr/bin/env bash
# Makes a bundle that checks and measures the torch engine on a Linux machine with an NVIDIA GPU and a PyTorch, but no .NET and no network
# (docs/gpu.md, "The check on a GPU"). It holds the programs with their runtime, and no libtorch: the machine's own is taken.
#   bench/gpu-check.sh [FILE.tar.gz | FILE.tar.xz]       by default functional-gpu-check.tar.gz in the current folder
set -euo pipefail

file=${1:-functional-gpu-check.tar.gz}
case $file in
    *.tar.gz) compress=(gzip -9) ;;
    *.tar.xz) compress=(xz -T0 -6) ;;
    *) echo "gpu-check.sh: the bundle is a .tar.gz or a .tar.xz, not $file" >&2; exit 2 ;;
esac
mkdir -p "$(dirname "$file")"
file=$(cd "$(dirname "$file")" && pwd)/$(basename "$file")
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
name=functional-gpu-check
bundle=$scratch/$name
mkdir "$bundle"

# Both programs into one folder, so that the runtime is there once; built beside the tree, which stays as it is.
for project in tests/Properties src/Cli; do
    dotnet publish "$project" -c Release -r linux-x64 --self-contained --artifacts-path "$scratch/artifacts" -o "$bundle/program" -v quiet \
        -p:ReadyToRunImages=false -p:DebugType=none -p:PublishDocumentationFiles=false -p:PublishReferencesDocumentationFiles=false -p:LibTorch=
done
[ -f "$bundle/program/libLibTorchSharp.so" ] || { echo "gpu-check.sh: TorchSharp's shim is not in the programs' folder" >&2; exit 1; }

cp bench/gpu/run.sh bench/gpu/*.py bench/gpu/classes.txt bench/peers/torch_gpt.py LICENSE "$bundle/"
# What the suites look for in the source tree.
for golden in Golden/gpt_tiny.json Golden/trl Adapters/peft Families/hf; do
    mkdir -p "$bundle/tests/Properties/$(dirname "$golden")"
    cp -r "tests/Properties/$golden" "$bundle/tests/Properties/$golden"
done
cp Functional.sln "$bundle/"

commit=$(git rev-parse --short HEAD 2>/dev/null || echo unknown)
[ -z "$(git status --porcelain 2>/dev/null)" ] || commit="$commit with changes"
printf '{"commit": "%s", "made": "%s"}\n' "$commit" "$(date -u +%Y-%m-%d)" > "$bundle/bundle.json"

tar -C "$scratch" --sort=name --owner=0 --group=0 --numeric-owner -cf - "$name" | "${compress[@]}" > "$file"
echo "$file: $(($(stat -c %s "$file") / 1000000)) MB, $(du -sm "$bundle" | cut -f1) MB unpacked, of commit $commit"
echo "On the machine: tar xf $(basename "$file") && $name/run.sh --minutes 10"
