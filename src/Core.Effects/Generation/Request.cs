using Functional.Base;
using Functional.Grammars;
using Functional.Sampling;

namespace Functional.Generation;

/// <summary>What is to be written behind a prompt, and how: a value. What it gives depends on nothing else than itself and the model.</summary>
/// <param name="Prompt">Tokens, one or more.</param>
/// <param name="Rules">How tokens are drawn.</param>
/// <param name="Most">How many tokens are written at most, 1 or more.</param>
/// <param name="Key">The i-th token is drawn with this key folded with i.</param>
public sealed record Request(Vec<int> Prompt, SamplingRules Rules, int Most, Key Key)
{
    /// <summary>Tokens that end the text; none of them is a part of it.</summary>
    public Vec<int> Ends { get; init; } = [];

    /// <summary>Texts that end it, wherever they stand; none of them is empty.</summary>
    public Vec<string> Stops { get; init; } = [];

    /// <summary>Whether the text at which it stopped is a part of it.</summary>
    public bool KeepsStop { get; init; }

    /// <summary>What it must look like; its vocabulary is without <see cref="Ends"/>. It remembers what it has worked out, and may serve any requests of one thread.</summary>
    public Constraint? Constraint { get; init; }

    /// <summary>How many of the likeliest tokens are told beside each that was chosen.</summary>
    public int Likely { get; init; }

    /// <summary>How many tokens are drafted at a time; 0 for none. Where there is no draft model, <see cref="Lookup"/> drafts.</summary>
    public int Drafts { get; init; }

    /// <summary>How many of the last tokens are looked for in what was read, to draft what stood behind them; 0 where a model drafts.</summary>
    public int Lookup { get; init; }

    /// <summary>Whether a text is over where no token may follow in its room, and no end token has to say so.</summary>
    /// <param name="state">The constraint's state.</param>
    /// <param name="count">How many tokens are written.</param>
    internal bool IsOver(int state, int count) =>
        Constraint is { } constraint && count < Most && constraint.Mask(state, Most - count).Count == 0 && (Ends.Count == 0 || constraint.IsOver(state));
}

/// <summary>A token and how likely the model finds it, before any rule.</summary>
/// <param name="Token">The token.</param>
/// <param name="LogProb">In nats.</param>
public readonly record struct LikelyToken(int Token, float LogProb);

/// <summary>A token that was written.</summary>
/// <param name="Token">The token.</param>
/// <param name="LogProb">How likely the model found it, before any rule, in nats.</param>
/// <param name="Likely">The likeliest at its place, where they were asked for.</param>
public readonly record struct WrittenToken(int Token, float LogProb, Vec<LikelyToken> Likely);

/// <summary>What a step of <see cref="Streams"/> wrote of one of them.</summary>
/// <param name="Id">Whose it is.</param>
/// <param name="Text">More of its text, whole characters that nothing takes back.</param>
/// <param name="Whole">All of it, where it is over.</param>
public sealed record StreamPiece(int Id, string Text, Answer? Whole)
{
    /// <summary>The tokens since the last piece: those of its text, and those that ended it.</summary>
    public Vec<WrittenToken> Tokens { get; init; } = [];
}
