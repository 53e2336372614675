namespace Functional.Templates;

/// <summary>How much a template may do before it is stopped; what it does depends on texts that strangers wrote.</summary>
/// <param name="Steps">Expressions, passes of loops and, in sixteens, characters and items that they make.</param>
/// <param name="Depth">Expressions and blocks within one another, through macros too.</param>
/// <param name="Size">UTF-16 code units of the result, and of any text on the way to it; items of any list.</param>
public sealed record TemplateLimits(long Steps, int Depth, int Size)
{
    /// <summary>Ten million steps (about a second), 400 deep, 16 million characters.</summary>
    public static TemplateLimits Default { get; } = new(10_000_000, 400, 1 << 24);
}
