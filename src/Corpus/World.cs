using Functional.Base;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Stories;

/// <summary>
/// The state of the small world is the facts that hold: one place for each person, one place or holder for each thing, one number for each
/// person's goods. Events lead from a world to the next.
/// </summary>
/// <param name="Facts">What holds, in the order in which it became known.</param>
public sealed record World(Vec<Fact> Facts)
{
    /// <summary>A world of which nothing is known.</summary>
    public static World Empty { get; } = new([]);

    /// <summary>Where a person is.</summary>
    public Option<Place> PlaceOf(Person who) => Optional(Spot(who)!);

    /// <summary>Where a thing is, held or not.</summary>
    public Option<Place> PlaceOf(Thing what) => Optional(Spot(what)!);

    /// <summary>Who holds a thing.</summary>
    public Option<Person> HolderOf(Thing what) => Optional(Holder(what)!);

    /// <summary>How many a person has.</summary>
    public Option<int> CountOf(Person who, Goods what) => Amount(who, what) is { } count ? Some(count) : None;

    /// <summary>Everybody known.</summary>
    public IEnumerable<Person> People => Facts.OfType<Fact.IsAt>().Select(static f => f.Who);

    /// <summary>Every thing known.</summary>
    public IEnumerable<Thing> Things => Facts.Select(static f => f switch { Fact.Lies l => l.What, Fact.Holds h => h.What, _ => null }).OfType<Thing>();

    /// <summary>The world after something happened, or none when it could not happen in this one.</summary>
    public Option<World> After(WorldEvent happened) => Optional(Next(happened)!);

    /// <summary>Whether two different people are at one place.</summary>
    public bool Together(Person a, Person b) => a != b && Spot(a) is { } place && place == Spot(b);

    /// <summary>All facts as sentences, one a line.</summary>
    public override string ToString() => string.Join('\n', Facts);

    internal World? Next(WorldEvent happened) => happened switch
    {
        WorldEvent.Appears e when Spot(e.Who) is null => Learn(new Fact.IsAt(e.Who, e.Where)),
        WorldEvent.Lies e when Spot(e.What) is null => Learn(new Fact.Lies(e.What, e.Where)),
        WorldEvent.Owns e when Spot(e.What) is null && Spot(e.Who) is not null => Learn(new Fact.Holds(e.Who, e.What)),
        WorldEvent.Starts e when e.Count >= 0 && Spot(e.Who) is not null && Amount(e.Who, e.What) is null => Learn(new Fact.Has(e.Who, e.Count, e.What)),
        WorldEvent.Moves e when Spot(e.Who) is { } place && place != e.To => Change(new Fact.IsAt(e.Who, place), new Fact.IsAt(e.Who, e.To)),
        WorldEvent.Takes e when Spot(e.Who) is { } place => Change(new Fact.Lies(e.What, place), new Fact.Holds(e.Who, e.What)),
        WorldEvent.Drops e when Spot(e.Who) is { } place => Change(new Fact.Holds(e.Who, e.What), new Fact.Lies(e.What, place)),
        WorldEvent.Gives e when Together(e.Who, e.To) => Change(new Fact.Holds(e.Who, e.What), new Fact.Holds(e.To, e.What)),
        WorldEvent.GivesSome e when e.Count > 0 && Together(e.Who, e.To) => Add(e.Who, -e.Count, e.What)?.Add(e.To, e.Count, e.What),
        WorldEvent.Finds e when e.Count > 0 => Add(e.Who, e.Count, e.What),
        WorldEvent.Spends e when e.Count > 0 => Add(e.Who, -e.Count, e.What),
        _ => null,
    };

    internal Place? Spot(Person who)
    {
        foreach (var fact in Facts.Span)
            if (fact is Fact.IsAt f && f.Who == who) return f.Where;
        return null;
    }

    internal Place? Spot(Thing what)
    {
        foreach (var fact in Facts.Span)
            if (fact is Fact.Lies f && f.What == what) return f.Where;
        return Holder(what) is { } who ? Spot(who) : null;
    }

    internal Person? Holder(Thing what)
    {
        foreach (var fact in Facts.Span)
            if (fact is Fact.Holds f && f.What == what) return f.Who;
        return null;
    }

    internal int? Amount(Person who, Goods what)
    {
        foreach (var fact in Facts.Span)
            if (fact is Fact.Has f && f.Who == who && f.What == what) return f.Count;
        return null;
    }

    World Learn(Fact fact) => new((Vec<Fact>)[.. Facts.Span, fact]);

    World? Change(Fact before, Fact after) => Facts.Span.IndexOf(before) is >= 0 and var at ? new(Facts.With(at, after)) : null;

    World? Add(Person who, int more, Goods what) =>
        Amount(who, what) is { } count && count + more >= 0 ? Change(new Fact.Has(who, count, what), new Fact.Has(who, count + more, what)) : null;
}
