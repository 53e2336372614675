using System.Globalization;
using Functional.Base;
using Functional.Graphs;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Cli;

/// <summary>What stands on the command line, option by option.</summary>
/// <param name="Texts">The values of the options that were given; a switch has an empty one.</param>
sealed record Given(IReadOnlyDictionary<string, string> Texts)
{
    /// <summary>Whether the option was given.</summary>
    public bool Has(string flag) => Texts.ContainsKey(flag);

    /// <summary>The text of an option, if it was given.</summary>
    public string? Text(string flag) => Texts.GetValueOrDefault(flag);

    /// <summary>The texts of an option that may be given several times, in order.</summary>
    public Vec<string> All(string flag) => Text(flag) is { } text ? [.. text.Split(Between)] : [];

    /// <summary>Stands between the texts of such an option: no argument holds it.</summary>
    public const char Between = '\0';

    /// <summary>One of some words.</summary>
    public Validation<Fault, string> Choice(string flag, string otherwise, Vec<string> allowed) => Text(flag) is not { } text ? Success<Fault, string>(otherwise)
        : allowed.Contains(text) ? Success<Fault, string>(text) : Fault.Of<string>(flag, $"is {text}", $"allowed: {string.Join(", ", allowed)}");

    /// <summary>With one more that was given.</summary>
    public Given With(string flag, string text) => new(new Dictionary<string, string>(Texts) { [flag] = text });

    /// <summary>A whole number of up to 63 bits.</summary>
    public Validation<Fault, long> Whole64(string flag, long otherwise, long least) => Text(flag) is not { } text
        ? Success<Fault, long>(otherwise)
        : long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) && value >= least
            ? Success<Fault, long>(value)
            : Fault.Of<long>(flag, $"is {text}", $"allowed: a whole number, {least} to {long.MaxValue}");

    /// <summary>A whole number.</summary>
    public Validation<Fault, int> Whole(string flag, int otherwise, int least, int most = int.MaxValue) => Text(flag) is not { } text
        ? Success<Fault, int>(otherwise)
        : int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) && value >= least && value <= most
            ? Success<Fault, int>(value)
            : Fault.Of<int>(flag, $"is {text}", $"allowed: a whole number, {(most == int.MaxValue ? $"{least} or more" : $"{least} to {most}")}");

    /// <summary>A number.</summary>
    public Validation<Fault, double> Number(string flag, double otherwise) => Text(flag) is not { } text
        ? Success<Fault, double>(otherwise)
        : double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value)
            ? Success<Fault, double>(value)
            : Fault.Of<double>(flag, $"is {text}", "allowed: a number");

    /// <summary>Whole numbers with commas between them.</summary>
    public Validation<Fault, Vec<int>> Wholes(string flag, Vec<int> otherwise, int least) => Text(flag) is not { } text
        ? Success<Fault, Vec<int>>(otherwise)
        : text.Split(',').Select(part => int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value >= least
            ? Success<Fault, int>(value)
            : Fault.Of<int>(flag, $"'{part}' stands in {text}", $"allowed: whole numbers, {least} or more, with commas between them")).Gather();
}
