using Functional.Base;

namespace Functional.Stories;

/// <summary>Makes up what happens in a story: only things that can happen.</summary>
static class Plot
{
    const int MostGoods = 9;

    /// <summary>Who, where and what a story is about.</summary>
    internal sealed record Cast(Vec<Person> People, Vec<Place> Places, Vec<Thing> Things, Goods? Goods);

    /// <summary>An event and the world after it.</summary>
    internal readonly record struct Scene(WorldEvent Event, World After);

    /// <summary>The scenes of a story, first how things are, then what happens.</summary>
    public static (Cast Cast, List<Scene> Scenes) Make(Dice dice)
    {
        var cast = Choose(dice);
        var scenes = new List<Scene>();
        foreach (var start in Opening(dice, cast)) Happen(start);
        for (var left = dice.From(3, 7); left > 0; left--) Happen(Next(dice, cast, scenes));
        return (cast, scenes);

        void Happen(WorldEvent e) => scenes.Add(new(e, (scenes.Count == 0 ? World.Empty : scenes[^1].After).Next(e)
            ?? throw new InvalidOperationException($"cannot happen: {e}")));
    }

    static Cast Choose(Dice dice)
    {
        var nouns = dice.Some(Lexicon.Nouns, dice.From(1, 2));
        var things = new Thing[nouns.Count];
        for (var i = 0; i < things.Length; i++) things[i] = new(dice.One(Lexicon.Looks), nouns[i]);
        return new(
            dice.Some(Lexicon.People, dice.From(2, 3)),
            dice.Some(Lexicon.Places, dice.From(2, 3)),
            Vec.Create<Thing>(things),
            dice.Percent(55) ? dice.One(Lexicon.Goods) : null);
    }

    static IEnumerable<WorldEvent> Opening(Dice dice, Cast cast)
    {
        foreach (var who in cast.People) yield return new WorldEvent.Appears(who, dice.One(cast.Places));
        foreach (var what in cast.Things)
            yield return dice.Percent(50) ? new WorldEvent.Owns(dice.One(cast.People), what) : new WorldEvent.Lies(what, dice.One(cast.Places));
        if (cast.Goods is not { } goods) yield break;
        foreach (var who in cast.People) yield return new WorldEvent.Starts(who, dice.From(1, MostGoods), goods);
    }

    /// <summary>One of the things that can happen now; dealing with things and goods is more likely than another walk.</summary>
    static WorldEvent Next(Dice dice, Cast cast, List<Scene> scenes)
    {
        var deeds = new List<WorldEvent>();
        var world = scenes[^1].After;
        foreach (var what in cast.Things) AddDeeds(deeds, cast, world, what, scenes);
        if (cast.Goods is { } goods) AddDeeds(deeds, dice, cast, world, goods);
        return deeds.Count > 0 && dice.Percent(65) ? deeds[dice.Below(deeds.Count)] : Walk(dice, cast, scenes[^1]);
    }

    // Nobody walks twice in a row: the first walk would have been for nothing.
    static WorldEvent.Moves Walk(Dice dice, Cast cast, Scene last)
    {
        var at = dice.Below(cast.People.Count);
        var who = last.Event is WorldEvent.Moves moved && moved.Who == cast.People[at] ? cast.People[(at + 1) % cast.People.Count] : cast.People[at];
        var to = dice.Below(cast.Places.Count);
        return new(who, last.After.Spot(who) == cast.Places[to] ? cast.Places[(to + 1) % cast.Places.Count] : cast.Places[to]);
    }

    static void AddDeeds(List<WorldEvent> deeds, Cast cast, World world, Thing what, List<Scene> scenes)
    {
        var (holder, place) = (world.Holder(what), world.Spot(what));
        foreach (var who in cast.People.Span)
            if (holder is null && world.Spot(who) == place && !JustNow(scenes, who, e => e is WorldEvent.Drops d && d.What == what))
                deeds.Add(new WorldEvent.Takes(who, what));
        if (holder is null) return;
        if (!JustNow(scenes, holder, e => e is WorldEvent.Takes t && t.What == what || e is WorldEvent.Owns o && o.What == what || e is WorldEvent.Gives g
            && g.What == what))
            deeds.Add(new WorldEvent.Drops(holder, what));
        if (JustNow(scenes, holder, e => e is WorldEvent.Gives g && g.What == what)) return;
        foreach (var to in cast.People.Span)
            if (world.Together(holder, to)) deeds.Add(new WorldEvent.Gives(holder, to, what));
    }

    static void AddDeeds(List<WorldEvent> deeds, Dice dice, Cast cast, World world, Goods goods)
    {
        foreach (var who in cast.People.Span)
        {
            var has = world.Amount(who, goods) ?? 0;
            if (has < MostGoods) deeds.Add(new WorldEvent.Finds(who, dice.From(1, MostGoods - has), goods));
            if (has == 0) continue;
            deeds.Add(new WorldEvent.Spends(who, dice.From(1, has), goods));
            foreach (var to in cast.People.Span)
                if (world.Together(who, to)) deeds.Add(new WorldEvent.GivesSome(who, to, dice.From(1, has), goods));
        }
    }

    /// <summary>Whether something happened since a person last walked: undoing it at once is possible, but dull.</summary>
    static bool JustNow(List<Scene> scenes, Person who, Func<WorldEvent, bool> something)
    {
        for (var i = scenes.Count - 1; i >= 0 && !(scenes[i].Event is WorldEvent.Moves moved && moved.Who == who); i--)
            if (something(scenes[i].Event)) return true;
        return false;
    }
}
