using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Functional.Tests.Properties.Architecture;

/// <summary>The check that runs on a machine with a GPU: what of it needs none.</summary>
public sealed partial class GpuCheckTests
{
    static string Under(params string[] parts) => Path.Combine([SourceTree.Root, .. parts]);

    [GeneratedRegex(@"^namespace\s+(?<n>[\w.]+);", RegexOptions.Multiline)]
    private static partial Regex Namespace();

    [GeneratedRegex(@"\b(EngineList\.(All|Names|Repeating)|new TorchEngine\()")]
    private static partial Regex Engines();

    /// <summary>Every class of tests that takes engines from the list is among those that the check runs.</summary>
    [Fact]
    public void It_runs_every_class_of_engine_tests()
    {
        var classes =
            from file in Directory.EnumerateFiles(Under("tests", "Properties"), "*.cs", SearchOption.AllDirectories)
            where !file[SourceTree.Root.Length..].Split(Path.DirectorySeparatorChar).Any(static part => part is "obj" or "bin")
            let name = Path.GetFileNameWithoutExtension(file)
            where name is not (nameof(EngineList) or nameof(GpuCheckTests))
            let text = File.ReadAllText(file)
            where Engines().IsMatch(text)
            select $"{Namespace().Match(text).Groups["n"].Value}.{name}";
        var listed = File.ReadLines(Under("bench", "gpu", "classes.txt")).Where(static line => line.Length > 0 && line[0] != '#').ToList();
        Assert.Equal(classes.Order(StringComparer.Ordinal), listed.Order(StringComparer.Ordinal));
        Assert.All(listed, static name => Assert.NotNull(typeof(GpuCheckTests).Assembly.GetType(name)));
    }

    [Theory]
    [InlineData("bench/gpu-check.sh")]
    [InlineData("bench/gpu/run.sh")]
    public async Task Its_scripts_can_be_parsed(string script)
    {
        var (code, said) = await Run("bash", "-n", Under(script.Split('/')));
        Assert.True(code == 0, said);
    }

    /// <summary>Finding libraries, reading what the shim asks for, counting tests, the table: where there is a Python to run them.</summary>
    [Fact]
    public async Task Its_own_test_passes()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "it runs on Linux alone");
        var shim = Directory.EnumerateFiles(AppContext.BaseDirectory, "libLibTorchSharp.so", SearchOption.AllDirectories).First();
        var (code, said) = await Run("python3", "-B", Under("bench", "gpu", "selftest.py"), shim);
        Assert.True(code == 0, said);
    }

    // Skips the test where the program is not there.
    static async Task<(int Code, string Said)> Run(string program, params string[] args)
    {
        Process process;
        try
        {
            process = Process.Start(new ProcessStartInfo(program, args) { RedirectStandardOutput = true, RedirectStandardError = true,
                WorkingDirectory = Path.GetTempPath() })!;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Skip($"there is no {program} here");
            throw;
        }
        using (process)
        {
            var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
            await process.WaitForExitAsync();
            return (process.ExitCode, await output + await error);
        }
    }
}
