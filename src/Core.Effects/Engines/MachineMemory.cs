using System.Globalization;
using System.Runtime.InteropServices;
using Functional.Execution;

namespace Functional.Engines;

/// <summary>The memory of this machine, or of the container that the process is in, in bytes.</summary>
public static unsafe class MachineMemory
{
    const string Machine = "/proc/meminfo", Container = "/sys/fs/cgroup/memory.max", InUse = "/sys/fs/cgroup/memory.current",
        OldContainer = "/sys/fs/cgroup/memory/memory.limit_in_bytes", OldInUse = "/sys/fs/cgroup/memory/memory.usage_in_bytes";

    /// <summary>All that the process may use.</summary>
    public static long Total => Least(Kibibytes("MemTotal:"), Number(Container), Number(OldContainer)) ?? GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;

    /// <summary>What can still be had, about.</summary>
    public static long Free
    {
        get
        {
            var free = Least(Kibibytes("MemAvailable:"), Number(Container) - Number(InUse), Number(OldContainer) - Number(OldInUse));
            if (free is { } known) return Math.Max(0, known);
            var info = GC.GetGCMemoryInfo();
            // Before the first collection the load is not known.
            var used = info.MemoryLoadBytes > 0 ? info.MemoryLoadBytes : Environment.WorkingSet;
            return Math.Max(0, info.TotalAvailableMemoryBytes - used);
        }
    }

    /// <summary>
    /// Native memory; nobody has cleared it. On Linux, what fills huge pages asks for them: weights are read a quarter faster for it, since the
    /// processor looks up one page where it looked up 512.
    /// </summary>
    /// <exception cref="DeviceMemoryException">There is not so much.</exception>
    internal static byte* Allocate(long bytes, nuint alignment)
    {
        try
        {
            var huge = OperatingSystem.IsLinux() && bytes >= (long)HugePage;
            var memory = (byte*)NativeMemory.AlignedAlloc((nuint)bytes, huge ? Math.Max(alignment, HugePage) : alignment);
            // A wish, which a kernel may refuse; the last, partial page is left out, or it would take memory that nobody asked for.
            if (huge) _ = Advise(memory, (nuint)bytes / HugePage * HugePage, HugePages);
            return memory;
        }
        catch (OutOfMemoryException)
        {
            throw new DeviceMemoryException($"{Device.Cpu}", bytes, Free, Total);
        }
    }

    const nuint HugePage = 2 << 20;

    const int HugePages = 14;

    [DllImport("libc", EntryPoint = "madvise")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    static extern int Advise(byte* address, nuint bytes, int advice);

    static long? Least(params ReadOnlySpan<long?> amounts)
    {
        long? least = null;
        foreach (var amount in amounts)
            if (amount is { } known && (least is not { } lowest || known < lowest)) least = known;
        return least;
    }

    static long? Kibibytes(string name)
    {
        var line = Lines(Machine).FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal));
        return line is not null && long.TryParse(line[name.Length..].Replace("kB", "", StringComparison.Ordinal), CultureInfo.InvariantCulture,
            out var kibibytes) ? kibibytes << 10 : null;
    }

    // A container without a limit says "max", or a number larger than any memory.
    static long? Number(string path) => Lines(path) is [var line, ..] && long.TryParse(line, CultureInfo.InvariantCulture, out var number) ? number : null;

    static string[] Lines(string path)
    {
        try
        {
            return OperatingSystem.IsLinux() && File.Exists(path) ? File.ReadAllLines(path) : [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
