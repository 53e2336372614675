#if !VERIFY
namespace Functional.Testing;

/// <summary>A text differs from the approved one, or none was approved yet.</summary>
public sealed class VerifyException(string message) : Exception(message);

/// <summary>An approved text in a file, <c>Name.verified.txt</c> in <paramref name="Directory"/>.</summary>
public sealed record Snapshot(string Directory, string Name)
{
    /// <summary>The approved text's file.</summary>
    public string Verified => Path.Combine(Directory, $"{Name}.verified.txt");

    /// <summary>Where a text that was not approved goes.</summary>
    public string Received => Path.Combine(Directory, $"{Name}.received.txt");

    /// <summary>Compares <paramref name="text"/> with the approved one, or approves it.</summary>
    /// <exception cref="VerifyException">The text differs, or none was approved yet.</exception>
    public async Task Check(string text, bool accept)
    {
        var received = Normal(text);
        var verified = File.Exists(Verified) ? Normal(await File.ReadAllTextAsync(Verified).ConfigureAwait(false)) : null;
        if (received != verified && !accept)
        {
            await File.WriteAllTextAsync(Received, received).ConfigureAwait(false);
            throw new VerifyException(Explain(verified, received));
        }
        if (received != verified) await File.WriteAllTextAsync(Verified, received).ConfigureAwait(false);
        File.Delete(Received);
    }

    string Explain(string? verified, string received) => string.Join(Environment.NewLine,
    [
        verified is null ? $"Nothing is approved yet for {Name}." : FirstDifference(verified, received),
        $"Approved: {Verified}",
        $"Received: {Received}",
        "If what was received is right, run the test with FUNCTIONAL_ACCEPT=1.",
    ]);

    static string FirstDifference(string verified, string received)
    {
        var (old, now) = (verified.Split('\n'), received.Split('\n'));
        var line = Enumerable.Range(0, Math.Max(old.Length, now.Length)).First(i => At(old, i) != At(now, i));
        return string.Join(Environment.NewLine,
            $"The text differs from the approved one, first in line {line + 1}:",
            $"  approved: {At(old, line)}",
            $"  received: {At(now, line)}");
    }

    // Quotes tell an empty line, or blanks at its end, from no line.
    static string At(string[] lines, int i) => i < lines.Length ? $"\"{lines[i]}\"" : "(no such line)";

    static string Normal(string text) =>
        text.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n').TrimStart('\uFEFF');
}
#endif
