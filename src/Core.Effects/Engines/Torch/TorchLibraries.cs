using System.Runtime.InteropServices;
using Functional.Base;
using Functional.Execution;
using TorchSharp;

namespace Functional.Engines.Torch;

/// <summary>
/// Loads libtorch and TorchSharp's shim over it before TorchSharp looks for them: what is missing is then said in the system's own words, and
/// TorchSharp's last resort, which copies half a gigabyte out of the package cache, is never taken.
/// </summary>
static class TorchLibraries
{
    /// <summary>The environment variable that names a folder with a libtorch of the user's own.</summary>
    public const string Folder = "FUNCTIONAL_LIBTORCH";

    const string Remedy = $"for an NVIDIA GPU: build and run with {EngineChoice.TorchBuild}; or name a folder with a libtorch in {Folder}";

    // The shim asks for libtorch itself, too: from a folder of the user's own it finds only what is already loaded.
    static readonly Lazy<Fault?> processor = new(static () => Load("torch_cpu") ?? Load("torch") ?? Load("LibTorchSharp")),
        gpus = new(static () => Load("torch_cuda"));

    /// <summary>What keeps libtorch from computing on the processor; nothing when it can.</summary>
    public static Fault? Processor => processor.Value;

    /// <summary>What keeps libtorch from computing on GPUs; nothing when it can. To be asked after <see cref="Processor"/>.</summary>
    public static Fault? Gpus => gpus.Value;

    static Fault? Load(string name)
    {
        try
        {
            if (Own(name) is { } path) NativeLibrary.Load(path);
            else NativeLibrary.Load(name, typeof(torch).Assembly, null);
            return null;
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
        {
            return Explain(name, e.Message);
        }
    }

    /// <summary>The fault of a library that does not load.</summary>
    /// <param name="name">The library, without what systems put before and behind it.</param>
    /// <param name="message">What the runtime says: a line for each place where it looked.</param>
    internal static Fault Explain(string name, string message) =>
        message.Split('\n').Skip(1).Select(static line => line.Trim()).FirstOrDefault(line => IsReason(line, name)) switch
    {
        null => new("libtorch", $"{FileName(name)} is not there", Remedy),
        var reason when reason.Contains("GLIBC", StringComparison.Ordinal) =>
            new("libtorch", $"cannot be loaded: {reason}", "needs a newer system: Debian 13, Ubuntu 24.04, or another with the libstdc++ of GCC 13"),
        var reason => new("libtorch", $"cannot be loaded: {reason}", Remedy),
    };

    // Of most places it says that the library is not there, under one of its names; what says something else is the reason.
    static bool IsReason(string line, string name) => line.Length > 0 && !line.Contains("no such file", StringComparison.Ordinal)
        && !((string[])[name, $"lib{name}", $"{name}.so", $"lib{name}.so"]).Any(file =>
            line.EndsWith($"/{file}: cannot open shared object file: No such file or directory", StringComparison.Ordinal));

    static string? Own(string name) => Environment.GetEnvironmentVariable(Folder) is { Length: > 0 } folder && File.Exists(Path.Combine(folder, FileName(name)))
        ? Path.GetFullPath(Path.Combine(folder, FileName(name))) : null;

    static string FileName(string name) => OperatingSystem.IsWindows() ? $"{name}.dll" : OperatingSystem.IsMacOS() ? $"lib{name}.dylib" : $"lib{name}.so";
}
