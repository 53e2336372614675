namespace Functional.Tests.Properties;

/// <summary>Why libtorch does not load, read from what the runtime says of every place where it looked.</summary>
public sealed class TorchLibrariesTests
{
    const string Head = "Unable to load shared library 'LibTorchSharp' or one of its dependencies. In order to help diagnose loading problems, consider using a tool like strace.\n";

    static string Places(string reason) => $"""
        {Head}/app/runtimes/linux-x64/native/LibTorchSharp.so: cannot open shared object file: No such file or directory
        /app/LibTorchSharp.so: cannot open shared object file: No such file or directory
        {reason}
        /app/libLibTorchSharp.so: cannot open shared object file: No such file or directory
        /app/LibTorchSharp: cannot open shared object file: No such file or directory
        /app/libLibTorchSharp: cannot open shared object file: No such file or directory

        """;

    [Theory]
    [InlineData("/lib/libstdc++.so.6: version `GLIBCXX_3.4.32' not found (required by /app/libLibTorchSharp.so)", "needs a newer system")]
    [InlineData("libcudart.so.12: cannot open shared object file: No such file or directory", "-p:LibTorch=cuda")]
    [InlineData("/app/libLibTorchSharp.so: undefined symbol: _ZN2at4_ops3add", "-p:LibTorch=cuda")]
    [InlineData("/app/libLibTorchSharp.so: file too short", "-p:LibTorch=cuda")]
    public void The_true_reason_is_said(string reason, string remedy)
    {
        var fault = TorchLibraries.Explain("LibTorchSharp", Places(reason));
        Assert.Equal($"cannot be loaded: {reason}", fault.What);
        Assert.Contains(remedy, fault.Allowed, StringComparison.Ordinal);
    }

    [Fact]
    public void A_library_that_is_nowhere_is_not_there()
    {
        Assert.EndsWith(" is not there", TorchLibraries.Explain("LibTorchSharp", Places("")).What, StringComparison.Ordinal);
        Assert.EndsWith(" is not there", TorchLibraries.Explain("torch_cpu",
            "Unable to load DLL 'torch_cpu' or one of its dependencies: The specified module could not be found. (0x8007007E)").What, StringComparison.Ordinal);
    }
}
