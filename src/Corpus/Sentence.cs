namespace Functional.Stories;

/// <summary>Small rules of English.</summary>
static class Sentence
{
    /// <summary>With a capital first letter.</summary>
    public static string Upper(string text) => string.Concat(char.ToUpperInvariant(text[0]).ToString(), text.AsSpan(1));
}
