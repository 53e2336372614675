using System.Diagnostics;

namespace Functional.Tests.Properties.Cli;

/// <summary>The command as a process of its own.</summary>
static class FunctionalProcess
{
    static readonly string program = Path.Combine(AppContext.BaseDirectory, OperatingSystem.IsWindows() ? "functional.exe" : "functional");

    /// <summary>Starts a command line; what it writes is thrown away.</summary>
    public static Process Start(params string[] args)
    {
        var process = Process.Start(new ProcessStartInfo(program, args) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        process.OutputDataReceived += static (_, _) => { };
        process.BeginOutputReadLine();
        return process;
    }

    /// <summary>Runs a command line to its end: its exit code and what it wrote.</summary>
    public static Task<(int Code, string Out, string Error)> Run(params string[] args) => Run(args, "");

    /// <summary>Runs a command line to its end, with what somebody types.</summary>
    public static async Task<(int Code, string Out, string Error)> Run(string[] args, string input)
    {
        using var process = Process.Start(new ProcessStartInfo(program, args) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true })!;
        try
        {
            await process.StandardInput.WriteAsync(input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It ended before it read.
        }
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        return (process.ExitCode, await output, await error);
    }
}
