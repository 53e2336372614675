using System.Globalization;

namespace Functional.Tests.Properties.Data;

/// <summary>The small world kept the plain way, by names in dictionaries: what the library's own replay is compared with.</summary>
sealed class Chronicle
{
    public Dictionary<string, string> Places { get; } = [];
    public Dictionary<string, string> Lying { get; } = [];
    public Dictionary<string, string> Holders { get; } = [];
    public Dictionary<(string Who, string What), int> Counts { get; } = [];

    static string Name(Thing what) => $"{what.Look} {what.Noun}";

    /// <summary>Lets something happen; false, and no change, when it cannot.</summary>
    public bool Tell(WorldEvent happened) => happened switch
    {
        WorldEvent.Appears e => Appears(e.Who.Name, e.Where.Name),
        WorldEvent.Lies e => Lies(Name(e.What), e.Where.Name),
        WorldEvent.Owns e => Owns(e.Who.Name, Name(e.What)),
        WorldEvent.Starts e => Starts(e.Who.Name, e.Count, e.What.Many),
        WorldEvent.Moves e => Moves(e.Who.Name, e.To.Name),
        WorldEvent.Takes e => Takes(e.Who.Name, Name(e.What)),
        WorldEvent.Drops e => Drops(e.Who.Name, Name(e.What)),
        WorldEvent.Gives e => Gives(e.Who.Name, e.To.Name, Name(e.What)),
        WorldEvent.GivesSome e =>
            Together(e.Who.Name, e.To.Name) && Known(e.To.Name, e.What.Many) && More(e.Who.Name, -e.Count, e.What.Many, e.Count)
                && More(e.To.Name, e.Count, e.What.Many, e.Count),
        WorldEvent.Finds e => More(e.Who.Name, e.Count, e.What.Many, e.Count),
        WorldEvent.Spends e => More(e.Who.Name, -e.Count, e.What.Many, e.Count),
        _ => throw new NotSupportedException(),
    };

    public bool Appears(string who, string where) => Places.TryAdd(who, where);
    public bool Lies(string what, string where) => !Holders.ContainsKey(what) && Lying.TryAdd(what, where);
    public bool Owns(string who, string what) => Places.ContainsKey(who) && !Lying.ContainsKey(what) && Holders.TryAdd(what, who);
    public bool Starts(string who, int count, string what) => count >= 0 && Places.ContainsKey(who) && Counts.TryAdd((who, what), count);

    public bool Moves(string who, string to)
    {
        if (!Places.TryGetValue(who, out var from) || from == to) return false;
        Places[who] = to;
        return true;
    }

    public bool Takes(string who, string what)
    {
        if (!Lying.TryGetValue(what, out var where) || Places.GetValueOrDefault(who) != where) return false;
        Lying.Remove(what);
        Holders[what] = who;
        return true;
    }

    public bool Drops(string who, string what)
    {
        if (Holders.GetValueOrDefault(what) != who) return false;
        Holders.Remove(what);
        Lying[what] = Places[who];
        return true;
    }

    public bool Gives(string who, string to, string what)
    {
        if (Holders.GetValueOrDefault(what) != who || !Together(who, to)) return false;
        Holders[what] = to;
        return true;
    }

    public bool More(string who, int change, string what, int count)
    {
        if (count <= 0 || !Counts.TryGetValue((who, what), out var had) || had + change < 0) return false;
        Counts[(who, what)] = had + change;
        return true;
    }

    public bool Known(string who, string what) => Counts.ContainsKey((who, what));

    public bool Together(string a, string b) => a != b && Places.TryGetValue(a, out var where) && Places.GetValueOrDefault(b) == where;

    public string At(string what) => Lying.TryGetValue(what, out var where) ? where : Places[Holders[what]];

    /// <summary>The answer, places by their bare name.</summary>
    public string Answer(Question asked) => asked switch
    {
        Question.WhereIs q => Places[q.Who.Name],
        Question.WhereLies q => At(Name(q.What)),
        Question.WhoHas q => Holders.GetValueOrDefault(Name(q.What), "nobody"),
        Question.HowMany q => Number(Counts[(q.Who.Name, q.What.Many)]),
        Question.HowManyTogether q => Number(Counts[(q.Who.Name, q.What.Many)] + Counts[(q.Other.Name, q.What.Many)]),
        Question.PeopleAt q => Number(Places.Values.Count(place => place == q.Where.Name)),
        Question.IsAt q => Places[q.Who.Name] == q.Where.Name ? "yes" : "no",
        Question.Together q => Places[q.Who.Name] == Places[q.Other.Name] ? "yes" : "no",
        _ => throw new NotSupportedException(),
    };

    /// <summary>Every fact in bare words, sorted.</summary>
    public IEnumerable<string> Facts => Places.Select(p => $"{p.Key} at {p.Value}")
        .Concat(Lying.Select(p => $"{p.Key} at {p.Value}"))
        .Concat(Holders.Select(p => $"{p.Value} holds {p.Key}"))
        .Concat(Counts.Select(p => $"{p.Key.Who} has {p.Value} {p.Key.What}"))
        .Order(StringComparer.Ordinal);

    public static IEnumerable<string> Show(Vec<Fact> facts) => facts.Select(fact => fact switch
    {
        Fact.IsAt f => $"{f.Who.Name} at {f.Where.Name}",
        Fact.Lies f => $"{Name(f.What)} at {f.Where.Name}",
        Fact.Holds f => $"{f.Who.Name} holds {Name(f.What)}",
        Fact.Has f => $"{f.Who.Name} has {f.Count} {f.What.Many}",
        _ => throw new NotSupportedException(),
    }).Order(StringComparer.Ordinal);

    static string Number(int n) => n.ToString(CultureInfo.InvariantCulture);
}
