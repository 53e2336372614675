namespace Functional.Stories;

/// <summary>Something that happens in a <see cref="World"/>: it becomes known how things are, or they change.</summary>
public abstract record WorldEvent
{
    WorldEvent() { }

    /// <summary>We learn where a person is.</summary>
    /// <param name="Who">Somebody new.</param>
    /// <param name="Where">The place.</param>
    public sealed record Appears(Person Who, Place Where) : WorldEvent;

    /// <summary>We learn of a thing that lies somewhere.</summary>
    /// <param name="What">A new thing.</param>
    /// <param name="Where">The place.</param>
    public sealed record Lies(Thing What, Place Where) : WorldEvent;

    /// <summary>We learn of a thing that somebody holds.</summary>
    /// <param name="Who">Somebody known.</param>
    /// <param name="What">A new thing.</param>
    public sealed record Owns(Person Who, Thing What) : WorldEvent;

    /// <summary>We learn how many of something a person has.</summary>
    /// <param name="Who">Somebody known.</param>
    /// <param name="Count">How many, from 0.</param>
    /// <param name="What">Of what.</param>
    public sealed record Starts(Person Who, int Count, Goods What) : WorldEvent;

    /// <summary>A person goes to another place, with all that they hold.</summary>
    /// <param name="Who">The person.</param>
    /// <param name="To">Where they are not yet.</param>
    public sealed record Moves(Person Who, Place To) : WorldEvent;

    /// <summary>A person takes a thing that lies where they are.</summary>
    /// <param name="Who">The person.</param>
    /// <param name="What">The thing.</param>
    public sealed record Takes(Person Who, Thing What) : WorldEvent;

    /// <summary>A person leaves a thing that they hold where they are.</summary>
    /// <param name="Who">The person.</param>
    /// <param name="What">The thing.</param>
    public sealed record Drops(Person Who, Thing What) : WorldEvent;

    /// <summary>A person gives a thing to somebody at the same place.</summary>
    /// <param name="Who">Holds it before.</param>
    /// <param name="To">Holds it after.</param>
    /// <param name="What">The thing.</param>
    public sealed record Gives(Person Who, Person To, Thing What) : WorldEvent;

    /// <summary>A person gives a number of something to somebody at the same place.</summary>
    /// <param name="Who">Has fewer after.</param>
    /// <param name="To">Has more after.</param>
    /// <param name="Count">How many, from 1.</param>
    /// <param name="What">Of what.</param>
    public sealed record GivesSome(Person Who, Person To, int Count, Goods What) : WorldEvent;

    /// <summary>A person finds some more.</summary>
    /// <param name="Who">The person.</param>
    /// <param name="Count">How many, from 1.</param>
    /// <param name="What">Of what.</param>
    public sealed record Finds(Person Who, int Count, Goods What) : WorldEvent;

    /// <summary>A person eats, spends or loses some.</summary>
    /// <param name="Who">The person.</param>
    /// <param name="Count">How many, from 1.</param>
    /// <param name="What">Of what.</param>
    public sealed record Spends(Person Who, int Count, Goods What) : WorldEvent;
}
