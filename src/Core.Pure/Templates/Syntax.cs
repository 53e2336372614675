using Functional.Base;

namespace Functional.Templates;

/// <summary>An expression of a template.</summary>
/// <param name="At">Where it begins.</param>
abstract record Expression(Spot At)
{
    public sealed record Constant(Spot At, TemplateValue Value) : Expression(At);

    public sealed record Name(Spot At, string Text) : Expression(At);

    /// <summary><c>[a, b]</c>, or <c>a, b</c> as a tuple.</summary>
    public sealed record Items(Spot At, Vec<Expression> Of, bool Tuple) : Expression(At);

    public sealed record Entries(Spot At, Vec<(Expression Key, Expression Value)> Of) : Expression(At);

    /// <summary><c>target.name</c>: a method before a member.</summary>
    public sealed record Member(Spot At, Expression Target, string Text) : Expression(At);

    /// <summary><c>target[key]</c>: a member before a method.</summary>
    public sealed record Item(Spot At, Expression Target, Expression Key) : Expression(At);

    public sealed record Slice(Spot At, Expression Target, Expression? From, Expression? To, Expression? Step) : Expression(At);

    public sealed record Call(Spot At, Expression Target, Vec<Argument> Arguments) : Expression(At);

    public sealed record Filter(Spot At, Expression Target, string Text, Vec<Argument> Arguments) : Expression(At);

    public sealed record Test(Spot At, Expression Target, string Text, Vec<Argument> Arguments, bool Negated) : Expression(At);

    /// <summary><c>not</c>, <c>-</c> or <c>+</c>.</summary>
    public sealed record Unary(Spot At, string Sign, Expression Of) : Expression(At);

    /// <summary>Arithmetic, <c>~</c>, <c>and</c>, <c>or</c>.</summary>
    public sealed record Binary(Spot At, string Sign, Expression Left, Expression Right) : Expression(At);

    /// <summary><c>a &lt; b &lt;= c</c>.</summary>
    public sealed record Compare(Spot At, Expression First, Vec<(string Sign, Expression Right)> Rest) : Expression(At);

    /// <summary><c>a if test else b</c>; without else, undefined.</summary>
    public sealed record Choice(Spot At, Expression When, Expression Then, Expression? Else) : Expression(At);
}

/// <summary>What stands between the parentheses of a call; without a name, it counts by its place.</summary>
readonly record struct Argument(string? Name, Expression Value);

/// <summary>A piece of a template.</summary>
/// <param name="At">Where it begins.</param>
abstract record Node(Spot At)
{
    public sealed record Text(Spot At, string Value) : Node(At);

    public sealed record Print(Spot At, Expression Value) : Node(At);

    public sealed record If(Spot At, Vec<(Expression Test, Vec<Node> Body)> Branches, Vec<Node> Else) : Node(At);

    public sealed record For(Spot At, Vec<string> Targets, Expression Over, Expression? Keep, Vec<Node> Body, Vec<Node> Else) : Node(At);

    public sealed record Set(Spot At, Vec<Target> Targets, Expression Value) : Node(At);

    /// <summary><c>{% set x %}…{% endset %}</c>; <see cref="Value"/> is <see cref="Captured"/> after filters.</summary>
    public sealed record SetBlock(Spot At, Target Target, Vec<Node> Body, Expression Value) : Node(At);

    /// <summary><c>{% filter f %}…{% endfilter %}</c>.</summary>
    public sealed record FilterBlock(Spot At, Vec<Node> Body, Expression Value) : Node(At);

    public sealed record Macro(Spot At, string Name, Vec<(string Name, Expression? Default)> Parameters, Vec<Node> Body) : Node(At);

    /// <summary>What the assistant wrote; the text is the same, and its place is told beside it.</summary>
    public sealed record Generation(Spot At, Vec<Node> Body) : Node(At);

    /// <summary><c>{% break %}</c> or <c>{% continue %}</c>.</summary>
    public sealed record Leave(Spot At, bool All) : Node(At);

    /// <summary>The name under which a block's own text stands while its filters are applied; no template can write it.</summary>
    public const string Captured = " captured";
}

/// <summary>What a value is given to: a name, or a member of a namespace.</summary>
readonly record struct Target(string Name, string? Member);
