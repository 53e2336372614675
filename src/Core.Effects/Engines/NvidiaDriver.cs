using System.Runtime.InteropServices;
using System.Text;
using Functional.Execution;

namespace Functional.Engines;

/// <summary>
/// Asks NVIDIA's driver itself, without any library on top of it. What does not work is an answer, never an exception. Asking computes
/// nothing on a GPU.
/// </summary>
public static unsafe class NvidiaDriver
{
    const int Success = 0, NoDevice = 100, NameBytes = 256, MajorCapability = 75, MinorCapability = 76;

    // The last one is where Windows' subsystem for Linux has it.
    static string[] Libraries =>
        OperatingSystem.IsWindows() ? ["nvcuda.dll"] : OperatingSystem.IsLinux() ? ["libcuda.so.1", "/usr/lib/wsl/lib/libcuda.so.1"] : [];

    /// <summary>The driver and its GPUs.</summary>
    public static NvidiaFacts Probe() => Load() is { } library ? new Functions(library).Probe() : NvidiaFacts.None;

    /// <summary>
    /// A GPU's free and whole memory in bytes, or nothing where the driver does not tell. Makes the GPU's primary context, which takes some
    /// hundred MB there, unless somebody in this process, such as libtorch, holds it already.
    /// </summary>
    /// <param name="device">The GPU's number.</param>
    public static (long Free, long Total)? Memory(int device) => Load() is { } library ? new Functions(library).Memory(device) : null;

    // Never freed: the driver does not expect to be.
    static nint? Load()
    {
        foreach (var name in Libraries)
            if (NativeLibrary.TryLoad(name, out var library)) return library;
        return null;
    }

    readonly struct Functions(nint library)
    {
        public NvidiaFacts Probe()
        {
            var init = (delegate* unmanaged<uint, int>)Find("cuInit");
            var version = (delegate* unmanaged<int*, int>)Find("cuDriverGetVersion");
            var count = (delegate* unmanaged<int*, int>)Find("cuDeviceGetCount");
            var (number, gpus) = (0, 0);
            if (version == null || version(&number) != Success) number = 0;
            // As 12080 for 12.8.
            var cuda = number == 0 ? "" : FormattableString.Invariant($"{number / 1000}.{number % 1000 / 10}");
            if (init == null || count == null) return new(true, cuda, [], "its library lacks functions");
            var code = init(0);
            if (code == Success) code = count(&gpus);
            return code is Success or NoDevice
                ? new(true, cuda, [.. Enumerable.Range(0, code == Success ? gpus : 0).Select(Gpu)], "")
                : new(true, cuda, [], FormattableString.Invariant($"does not work: error {code}{Name(code)}"));
        }

        public (long Free, long Total)? Memory(int index)
        {
            var init = (delegate* unmanaged<uint, int>)Find("cuInit");
            var retain = (delegate* unmanaged<nint*, int, int>)Find("cuDevicePrimaryCtxRetain");
            var release = (delegate* unmanaged<int, int>)Find("cuDevicePrimaryCtxRelease_v2", "cuDevicePrimaryCtxRelease");
            var push = (delegate* unmanaged<nint, int>)Find("cuCtxPushCurrent_v2");
            var pop = (delegate* unmanaged<nint*, int>)Find("cuCtxPopCurrent_v2");
            var info = (delegate* unmanaged<nuint*, nuint*, int>)Find("cuMemGetInfo_v2");
            int device;
            nint context;
            if (init == null || retain == null || release == null || push == null || pop == null || info == null) return null;
            if (init(0) != Success || !TryDevice(index, &device) || retain(&context, device) != Success) return null;
            try
            {
                if (push(context) != Success) return null;
                nuint free, total;
                var code = info(&free, &total);
                pop(&context);
                return code == Success ? ((long)free, (long)total) : null;
            }
            finally
            {
                release(device);
            }
        }

        NvidiaGpu Gpu(int index)
        {
            var naming = (delegate* unmanaged<byte*, int, int, int>)Find("cuDeviceGetName");
            var measure = (delegate* unmanaged<nuint*, int, int>)Find("cuDeviceTotalMem_v2");
            int device;
            if (!TryDevice(index, &device)) return new(index, "unknown", 0, "");
            var name = stackalloc byte[NameBytes];
            nuint bytes = 0;
            var known = naming != null && naming(name, NameBytes, device) == Success;
            var measured = measure != null && measure(&bytes, device) == Success;
            var (major, minor) = (Attribute(MajorCapability, device), Attribute(MinorCapability, device));
            return new(index, known ? Text(name) : "unknown", measured ? (long)bytes : 0,
                major is null || minor is null ? "" : FormattableString.Invariant($"{major}.{minor}"));
        }

        bool TryDevice(int index, int* device)
        {
            var get = (delegate* unmanaged<int*, int, int>)Find("cuDeviceGet");
            return get != null && get(device, index) == Success;
        }

        int? Attribute(int attribute, int device)
        {
            var get = (delegate* unmanaged<int*, int, int, int>)Find("cuDeviceGetAttribute");
            int value;
            return get != null && get(&value, attribute, device) == Success ? value : null;
        }

        string Name(int code)
        {
            var get = (delegate* unmanaged<int, byte**, int>)Find("cuGetErrorName");
            byte* name;
            return get != null && get(code, &name) == Success && name != null ? $" ({Text(name)})" : "";
        }

        nint Find(params ReadOnlySpan<string> names)
        {
            foreach (var name in names)
                if (NativeLibrary.TryGetExport(library, name, out var address)) return address;
            return 0;
        }

        static string Text(byte* text) => Encoding.UTF8.GetString(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(text));
    }
}
