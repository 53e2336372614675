using System.Globalization;

namespace Functional.Execution;

/// <summary>What kind of hardware computes.</summary>
public enum DeviceKind
{
    /// <summary>A GPU where the engine has one, else the processor.</summary>
    Auto,
    /// <summary>The processor.</summary>
    Cpu,
    /// <summary>An NVIDIA GPU.</summary>
    Cuda,
}

/// <summary>A device of this machine. As text <c>auto</c>, <c>cpu</c> or <c>cuda:N</c>.</summary>
public readonly record struct Device
{
    const string CudaPrefix = "cuda:";

    Device(DeviceKind kind, int index) => (Kind, Index) = (kind, index);

    /// <summary>What it is.</summary>
    public DeviceKind Kind { get; }

    /// <summary>Which GPU, counted from 0; 0 for everything else.</summary>
    public int Index { get; }

    /// <summary>Whatever is best.</summary>
    public static Device Auto => default;

    /// <summary>The processor.</summary>
    public static Device Cpu => new(DeviceKind.Cpu, 0);

    /// <summary>A GPU.</summary>
    /// <param name="index">Which, counted from 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">The index is below 0.</exception>
    public static Device Cuda(int index = 0) => index >= 0 ? new(DeviceKind.Cuda, index)
        : throw new ArgumentOutOfRangeException(nameof(index), index, "devices are counted from 0.");

    /// <summary>Reads <c>auto</c>, <c>cpu</c>, <c>cuda</c> (the first GPU) or <c>cuda:N</c>; nothing for any other text.</summary>
    public static Device? Parse(string? text) => text switch
    {
        "auto" => Auto,
        "cpu" => Cpu,
        "cuda" => Cuda(),
        not null when text.StartsWith(CudaPrefix, StringComparison.Ordinal)
            && int.TryParse(text.AsSpan(CudaPrefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var index) => Cuda(index),
        _ => null,
    };

    /// <summary>As <see cref="Parse"/> reads it.</summary>
    public override string ToString() => Kind switch
    {
        DeviceKind.Cpu => "cpu",
        DeviceKind.Cuda => FormattableString.Invariant($"{CudaPrefix}{Index}"),
        _ => "auto",
    };
}
