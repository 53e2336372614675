using System.Diagnostics;
using System.Globalization;
using LanguageExt;

namespace Functional.Stories;

/// <summary>A question that a <see cref="World"/> answers.</summary>
public abstract record Question
{
    Question() { }

    /// <summary>Where a person is.</summary>
    /// <param name="Who">The person.</param>
    public sealed record WhereIs(Person Who) : Question;

    /// <summary>Where a thing is, whoever holds it.</summary>
    /// <param name="What">The thing.</param>
    public sealed record WhereLies(Thing What) : Question;

    /// <summary>Who holds a thing; <c>nobody</c> when it lies somewhere.</summary>
    /// <param name="What">The thing.</param>
    public sealed record WhoHas(Thing What) : Question;

    /// <summary>How many a person has.</summary>
    /// <param name="Who">The person.</param>
    /// <param name="What">Of what.</param>
    public sealed record HowMany(Person Who, Goods What) : Question;

    /// <summary>How many two people have in all.</summary>
    /// <param name="Who">One.</param>
    /// <param name="Other">The other.</param>
    /// <param name="What">Of what.</param>
    public sealed record HowManyTogether(Person Who, Person Other, Goods What) : Question;

    /// <summary>How many people are at a place.</summary>
    /// <param name="Where">The place.</param>
    public sealed record PeopleAt(Place Where) : Question;

    /// <summary>Whether a person is at a place.</summary>
    /// <param name="Who">The person.</param>
    /// <param name="Where">The place.</param>
    public sealed record IsAt(Person Who, Place Where) : Question;

    /// <summary>Whether two people are at one place.</summary>
    /// <param name="Who">One.</param>
    /// <param name="Other">The other.</param>
    public sealed record Together(Person Who, Person Other) : Question;

    /// <summary>The answer in a world, or none when it does not know of whom or what is asked.</summary>
    public Option<string> In(World world) => Prelude.Optional(Answer(world)!);

    internal string? Answer(World world) => this switch
    {
        WhereIs q => world.Spot(q.Who)?.At,
        WhereLies q => world.Spot(q.What)?.At,
        WhoHas q => world.Spot(q.What) is null ? null : world.Holder(q.What)?.Name ?? "nobody",
        HowMany q => Number(world.Amount(q.Who, q.What)),
        HowManyTogether q => Number(world.Amount(q.Who, q.What) + world.Amount(q.Other, q.What)),
        PeopleAt q => Number(world.People.Count(who => world.Spot(who) == q.Where)),
        IsAt q => world.Spot(q.Who) is { } place ? YesNo(place == q.Where) : null,
        Together q => world.Spot(q.Who) is { } a && world.Spot(q.Other) is { } b ? YesNo(a == b) : null,
        _ => throw new UnreachableException(),
    };

    /// <summary>The question in English.</summary>
    public sealed override string ToString() => this switch
    {
        WhereIs q => $"Where is {q.Who}?",
        WhereLies q => $"Where is {q.What}?",
        WhoHas q => $"Who has {q.What}?",
        HowMany q => $"How many {q.What} does {q.Who} have?",
        HowManyTogether q => $"How many {q.What} do {q.Who} and {q.Other} have together?",
        PeopleAt q => $"How many people are {q.Where.At}?",
        IsAt q => $"Is {q.Who} {q.Where.At}?",
        Together q => $"Are {q.Who} and {q.Other} in the same place?",
        _ => throw new UnreachableException(),
    };

    static string? Number(int? n) => n?.ToString(CultureInfo.InvariantCulture);

    static string YesNo(bool yes) => yes ? "yes" : "no";
}
