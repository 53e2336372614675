using System.Runtime.InteropServices;

namespace Functional.Engines.Managed;

/// <summary>
/// Machine code in memory of its own: written while it can be written, and from then on executed, never both. It stays until the process ends, for nobody can tell whether it is being
/// executed.
/// </summary>
internal static unsafe partial class MachineCode
{
    const int Read = 1, Write = 2, Execute = 4, PrivateAnonymous = 0x22;

    /// <summary>Where the code begins, or why it cannot be: a hardened system refuses memory that is executed.</summary>
    /// <param name="code">The code; it may stand anywhere.</param>
    public static (nint Address, string? Refused) Place(ReadOnlySpan<byte> code)
    {
        if (!OperatingSystem.IsLinux()) return (0, "code is placed on Linux alone");
        var page = (nuint)Environment.SystemPageSize;
        var length = ((nuint)code.Length + page - 1) / page * page;
        var memory = MMap(0, length, Read | Write, PrivateAnonymous, -1, 0);
        if (memory == -1) return (0, $"there is no memory for code ({Marshal.GetLastPInvokeErrorMessage()})");
        code.CopyTo(new Span<byte>((void*)memory, code.Length));
        if (Protect(memory, length, Read | Execute) == 0) return (memory, null);
        var refused = $"the system refuses memory that is executed ({Marshal.GetLastPInvokeErrorMessage()})";
        _ = Unmap(memory, length);
        return (0, refused);
    }

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    private static partial nint MMap(nint at, nuint length, int protection, int flags, int file, long offset);

    [LibraryImport("libc", EntryPoint = "mprotect", SetLastError = true)]
    private static partial int Protect(nint at, nuint length, int protection);

    [LibraryImport("libc", EntryPoint = "munmap", SetLastError = true)]
    private static partial int Unmap(nint at, nuint length);
}
