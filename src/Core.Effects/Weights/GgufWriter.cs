using Functional.Base;
using Functional.Files;
using Functional.Formats;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Weights;

/// <summary>Gives the numbers of a tensor of ours, and, for each, the scale of its group where they are kept in few bits; no scales else.</summary>
/// <param name="name">The tensor's name.</param>
delegate (float[] Numbers, float[] Scales) KeptWeight(string name);

/// <summary>Writes GGUF files; one tensor at a time is in memory.</summary>
static class GgufWriter
{
    // Rows of blocks are of any length; a part of a tensor is some of them.
    const int Chunk = 1 << 15;

    /// <summary>Writes a file where there is none; it is there whole, or not at all.</summary>
    /// <param name="path">Where.</param>
    /// <param name="metadata">Its metadata.</param>
    /// <param name="parts">Its tensors.</param>
    /// <param name="weights">Gives ours.</param>
    /// <param name="disk">The disk.</param>
    public static Validation<Fault, Unit> Write(string path, Params<GgufValue> metadata, Vec<GgufPart> parts, KeptWeight weights, Disk disk) => Disk.Guard(path, "the file was not written", () =>
    {
        if (Path.Exists(path)) return Fault.Of<Unit>(path, "is there already", "allowed: another file");
        var partial = path + ".partial";
        var written = Disk.Guard(path, "the file was not written", () =>
        {
            using (var file = disk.Create(partial))
            {
                if (Put(file, path, metadata, parts, weights) is { IsFail: true } failed) return failed;
                disk.Flush(file);
            }
            disk.MoveFile(partial, path);
            return Success<Fault, Unit>(unit);
        });
        if (written.IsFail) File.Delete(partial);
        return written;
    });

    static Validation<Fault, Unit> Put(Stream file, string path, Params<GgufValue> metadata, Vec<GgufPart> parts, KeptWeight weights)
    {
        file.Write(Gguf.Header(metadata, parts.Map(static p => p.Listed)));
        var (last, held, scales) = ("", System.Array.Empty<float>(), System.Array.Empty<float>());
        foreach (var part in parts)
        {
            var numbers = part.Constant.Count > 0 ? [.. part.Constant] : new float[checked((int)part.Listed.Count)];
            var steps = System.Array.Empty<float>();
            foreach (var piece in part.Tensor.Pieces)
            {
                if (piece.Ours != last)
                {
                    last = piece.Ours;
                    (held, scales) = weights(last);
                }
                ElementCopy.Copy(held, piece.To, numbers, piece.From);
                if (scales.Length == 0) continue;
                if (steps.Length == 0) steps = new float[numbers.Length];
                ElementCopy.Copy(scales, piece.To, steps, piece.From);
            }
            if (part.Added != 0)
                for (var i = 0; i < numbers.Length; i++) numbers[i] += part.Added;
            if (Put(file, path, part, numbers, steps) is { IsFail: true } failed) return failed;
        }
        return Success<Fault, Unit>(unit);
    }

    static Validation<Fault, Unit> Put(Stream file, string path, GgufPart part, float[] numbers, float[] steps)
    {
        for (var i = 0; i < numbers.Length; i += Chunk)
        {
            var some = numbers.AsSpan(i, Math.Min(Chunk, numbers.Length - i));
            var bytes = new byte[(part.Listed with { Shape = [some.Length] }).Bytes];
            if (GgufBlocks.Write(some, steps.Length == 0 ? [] : steps.AsSpan(i, some.Length), part.Type, bytes) is { } wrong)
                return Fault.Of<Unit>($"{path}: {part.Tensor.Name}", FormattableString.Invariant($"has the number {wrong:R}"), $"it is too large for {part.Type}");
            file.Write(bytes);
        }
        file.Write(new byte[Gguf.Filled(part.Listed.Bytes) - part.Listed.Bytes]);
        return Success<Fault, Unit>(unit);
    }
}
