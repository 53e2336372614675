using Functional.Base;

namespace Functional.Engines;

/// <summary>A device has not so much memory as was asked for. Nothing that was there before is harmed.</summary>
/// <param name="device">The device, such as <c>cuda:0</c>.</param>
/// <param name="asked">Bytes asked for; 0 where that is not known.</param>
/// <param name="free">Bytes free.</param>
/// <param name="total">All bytes of the device.</param>
public sealed class DeviceMemoryException(string device, long asked, long free, long total)
    : OutOfMemoryException(Describe(device, asked, free, total).ToString())
{
    /// <summary>The device, such as <c>cuda:0</c>.</summary>
    public string Device => device;

    /// <summary>Bytes asked for; 0 where that is not known.</summary>
    public long Asked => asked;

    /// <summary>Bytes free.</summary>
    public long Free => free;

    /// <summary>All bytes of the device.</summary>
    public long Total => total;

    /// <summary>The same for people, with what makes a run smaller.</summary>
    public Fault Fault => Describe(device, asked, free, total);

    static Fault Describe(string device, long asked, long free, long total) => new("memory",
        $"{(asked > 0 ? $"{Bytes(asked)} were" : "more was")} asked for on {device}, {Bytes(free)} of {Bytes(total)} are free",
        $"to need less: a smaller batch (with accumulate), context, layers or width{(device == $"{Execution.Device.Cpu}" ? "" : ", or precision bf16")}");

    static string Bytes(long bytes) => bytes switch
    {
        < 1L << 20 => FormattableString.Invariant($"{bytes / 1024.0:0.0} KiB"),
        < 1L << 30 => FormattableString.Invariant($"{bytes / (double)(1L << 20):0.0} MiB"),
        _ => FormattableString.Invariant($"{bytes / (double)(1L << 30):0.0} GiB"),
    };
}
