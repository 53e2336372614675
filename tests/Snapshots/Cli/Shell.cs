using System.Text;
using System.Text.RegularExpressions;
using Functional.Sessions;
using Functional.Cli;

namespace Functional.Tests.Snapshots.Cli;

/// <summary>Runs the command in this process and writes down what a user would see, in a folder of its own that is called DIR there.</summary>
sealed class Shell : IDisposable
{
    readonly StringBuilder log = new();

    public string Folder { get; } = Directory.CreateTempSubdirectory("functional-snapshot-").FullName;

    /// <summary>Everything seen so far.</summary>
    public string Log => log.ToString();

    /// <summary>A path in the folder.</summary>
    public string this[string name] => Path.Combine(Folder, name);

    /// <summary>A file in the folder.</summary>
    public string File(string name, string text) => File(name, Encoding.UTF8.GetBytes(text));

    /// <summary>A file in the folder.</summary>
    public string File(string name, byte[] bytes)
    {
        System.IO.File.WriteAllBytes(this[name], bytes);
        return this[name];
    }

    /// <summary>Runs a command line and logs it, what it writes and its exit code.</summary>
    public async Task<int> Run(params string[] args)
    {
        var (code, text) = await Quietly(args);
        log.Append($"$ functional {string.Join(' ', args.Select(Quoted))}\n").Append(text).Append($"[exit {code}]\n\n");
        log.Replace(Folder, "DIR");
        return code;
    }

    /// <summary>Runs a command line and logs nothing.</summary>
    public static async Task<(int Code, string Text)> Quietly(params string[] args)
    {
        // Standard error after standard output, as a person would see them who redirected neither.
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        var code = await App.Run(args, new(output, error, Live: false, Width: 100));
        return (code, $"{output}{error}");
    }

    /// <summary>The log with what differs between machines and times left out.</summary>
    public string Timeless => Regex.Replace(Log, @"(?<=estimated time: ).*|(?<=allowed: up to )[\d.]+ GiB(?= on this machine)", "…");

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    static string Quoted(string word) => word.Length == 0 || word.Contains(' ', StringComparison.Ordinal) ? $"\"{word}\"" : word;
}
