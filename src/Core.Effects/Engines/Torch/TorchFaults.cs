using System.Globalization;
using System.Text.RegularExpressions;
using Functional.Execution;

namespace Functional.Engines.Torch;

/// <summary>libtorch's errors in our words: it reports text, from which the numbers are read.</summary>
static partial class TorchFaults
{
    /// <summary>What to throw in an error's place.</summary>
    /// <param name="text">What libtorch says: a line, and then where it happened.</param>
    /// <param name="device">Where.</param>
    /// <param name="error">The error itself.</param>
    public static Exception Of(string text, Device device, Exception? error = null)
    {
        var first = text.Split('\n')[0];
        if (IsMemory(text))
        {
            var (free, total) = TorchMemory.Of(device);
            return new DeviceMemoryException(device.ToString(), Asked(text), free, total);
        }
        // Of the first line alone: every error of a GPU is followed by advice that speaks of device-side assertions.
        return first.Contains("out of range", StringComparison.Ordinal) || first.Contains("out of bounds", StringComparison.Ordinal)
            || first.Contains("device-side assert", StringComparison.Ordinal)
            ? new ArgumentOutOfRangeException(null, $"an index is outside its table: {first}")
            : new InvalidOperationException($"libtorch on {device}: {first}{(first.Contains("CUDA error", StringComparison.Ordinal) ? "; the GPU is lost to this process" : "")}", error);
    }

    static bool IsMemory(string text) =>
        text.Contains("out of memory", StringComparison.OrdinalIgnoreCase) || text.Contains("can't allocate memory", StringComparison.Ordinal)
            || text.Contains("not enough memory", StringComparison.Ordinal);

    /// <summary>
    /// The bytes that an allocation asked for: "Tried to allocate 2.00 GiB" on a GPU, "you tried to allocate 8000 bytes" on the processor; 0 where it
    /// does not say.
    /// </summary>
    static long Asked(string text)
    {
        if (AskedBytes().Match(text) is not { Success: true } match) return 0;
        var unit = match.Groups[2].Value switch { "GiB" => 1L << 30, "MiB" => 1L << 20, "KiB" => 1L << 10, _ => 1 };
        return (long)(double.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture) * unit);
    }

    [GeneratedRegex(@"tried to allocate ([0-9.]+) (GiB|MiB|KiB|bytes)", RegexOptions.IgnoreCase)]
    private static partial Regex AskedBytes();
}
