using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Functional.Testing;

/// <summary>Where the seeds of properties come from.</summary>
public static class Seeds
{
    const string Variable = "FUNCTIONAL_SEED";

    /// <summary>What the environment chose; empty where it chose nothing.</summary>
    public static string Run { get; } = Environment.GetEnvironmentVariable(Variable) switch
    {
        null or "" => "",
        "random" => RandomNumberGenerator.GetHexString(16),
        var number when ulong.TryParse(number, CultureInfo.InvariantCulture, out _) => number,
        var other => throw new ArgumentException($"{Variable} is \"{other}\"; allowed: random, or a number"),
    };

    /// <summary>The seed of one test, <c>(seed,gamma)</c>: a hash of its file's name and its own, and of the run's seed if one was asked for.</summary>
    /// <param name="file">The path of its source file, as any machine writes it.</param>
    /// <param name="member">Its name.</param>
    public static string For(string file, string member)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{file.Split('/', '\\')[^1]}/{member}{Run}"));
        return string.Create(CultureInfo.InvariantCulture, $"({BitConverter.ToUInt64(hash, 0)},{BitConverter.ToUInt64(hash, 8) | 1})");
    }
}
