#if !PUBLIC_FEED
using System.Globalization;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using FsCheck;
using Microsoft.FSharp.Core;

namespace Functional.Testing;

/// <summary>Where the seeds of properties come from, and how they are written.</summary>
static class Seeds
{
    const string Variable = "FUNCTIONAL_SEED";

    static readonly string Run = Environment.GetEnvironmentVariable(Variable) switch
    {
        null or "" => "",
        "random" => RandomNumberGenerator.GetHexString(16),
        var number when ulong.TryParse(number, CultureInfo.InvariantCulture, out _) => number,
        var other => throw new ArgumentException($"{Variable} is \"{other}\"; allowed: random, or a number"),
    };

    /// <summary>The seed of one test: a hash of its full name, and of the run's seed if one was asked for.</summary>
    public static Replay For(MethodInfo method)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{method.DeclaringType?.FullName}.{method.Name}{Run}"));
        return new(new(BitConverter.ToUInt64(hash, 0), BitConverter.ToUInt64(hash, 8) | 1), FSharpOption<int>.None);
    }

    public static Replay? Parse(string? text)
    {
        if (string.IsNullOrEmpty(text)) return null;
        var parts = text.Trim('(', ')').Split(',', StringSplitOptions.TrimEntries);
        if (parts.Length is < 2 or > 3) throw new FormatException($"Replay = \"{text}\"; allowed: (seed,gamma) or (seed,gamma,size)");
        var rnd = new Rnd(
            ulong.Parse(parts[0], CultureInfo.InvariantCulture), ulong.Parse(parts[1], CultureInfo.InvariantCulture));
        return new(rnd, parts.Length == 3
            ? FSharpOption<int>.Some(int.Parse(parts[2], CultureInfo.InvariantCulture))
            : FSharpOption<int>.None);
    }

    public static string Print(Rnd rnd, int? size) =>
        string.Create(CultureInfo.InvariantCulture, $"({rnd.Seed},{rnd.Gamma}{(size is { } s ? $",{s}" : "")})");
}
#endif
