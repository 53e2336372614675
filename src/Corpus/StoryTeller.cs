using System.Diagnostics;
using System.Text;

namespace Functional.Stories;

/// <summary>
/// Tells events in simple English. A pronoun stands only for the one who acted in the sentence before, and only when nobody else in
/// that sentence could be meant.
/// </summary>
static class StoryTeller
{
    static readonly string[] Times = ["One morning", "One day", "One evening", "One sunny day", "On a cold day", "After lunch", "Early one morning"];
    static readonly string[] Links = ["Then ", "Next, ", "After that, ", "Later, ", "Soon "];
    static readonly string[] Verbs = ["went", "walked", "ran", "hurried", "went"];
    static readonly string[] Ends = ["It was a good day.", "Everyone was happy.", "What a day!", "The sun went down.", "And that was that."];
    static readonly string[] Airs = ["The sun was warm.", "A cold wind blew.", "It was very quiet.", "The birds sang.", "It wasn't late yet."];
    static readonly string[] Greetings = ["Hello", "Hi", "Good day", "Let's play", "It's you"];
    static readonly string[] Thanks = ["Thank you!", "Thank you very much,", "How kind of you!", "Oh, thanks!"];

    public static string Tell(Dice dice, List<Plot.Scene> scenes)
    {
        var text = new StringBuilder(640);
        var (subject, other, begun) = (default(Person), default(Person), false);
        for (var i = 0; i < scenes.Count; i++)
        {
            var (e, world) = scenes[i];
            var starts = e is WorldEvent.Appears or WorldEvent.Lies or WorldEvent.Owns or WorldEvent.Starts;
            if (!starts && !begun && dice.Percent(25)) text.Append(' ').Append(dice.One<string>(Airs));
            var link = text.Length == 0 ? $"{dice.One<string>(Times)}, " : begun && dice.Percent(30) ? dice.One<string>(Links) : "";
            var (who, to) = Roles(e);
            var group = Group(scenes, i);
            var pronoun = group == 1 && who is not null && who == subject && other?.Pronoun != who.Pronoun && to?.Pronoun != who.Pronoun && dice.Percent(70);
            var sentence = group > 1 ? SayGroup(scenes, i, group) : Say(dice, e, pronoun ? who!.Pronoun : who?.Name ?? "");
            text.Append(text.Length == 0 ? "" : " ").Append(link).Append(link.Length > 0 ? sentence : Sentence.Upper(sentence)).Append('.');
            Aside(dice, text, e, world, to);
            i += group - 1;
            (subject, other, begun) = (group == 1 ? who : null, to, !starts);
        }
        if (dice.Percent(35)) text.Append(' ').Append(dice.One<string>(Ends));
        return text.ToString();
    }

    /// <summary>What is said beside an event, and changes nothing.</summary>
    static void Aside(Dice dice, StringBuilder text, WorldEvent e, World world, Person? to)
    {
        if (to is not null && dice.Percent(30)) text.Append($" \"{dice.One<string>(Thanks)}\" said {to.Name}.");
        if (e is not WorldEvent.Moves moved || !dice.Percent(30)) return;
        foreach (var person in world.People)
            if (world.Together(moved.Who, person))
            {
                text.Append($" \"{dice.One<string>(Greetings)}, {person.Name}!\" said {moved.Who.Name}.");
                return;
            }
        text.Append(" Nobody else was there.");
    }

    /// <summary>How many people in a row appear at one place.</summary>
    static int Group(List<Plot.Scene> scenes, int first)
    {
        if (scenes[first].Event is not WorldEvent.Appears one) return 1;
        var end = first + 1;
        while (end < scenes.Count && scenes[end].Event is WorldEvent.Appears more && more.Where == one.Where) end++;
        return end - first;
    }

    static string SayGroup(List<Plot.Scene> scenes, int first, int count)
    {
        var names = string.Join(", ", Enumerable.Range(first, count - 1).Select(i => ((WorldEvent.Appears)scenes[i].Event).Who.Name));
        var last = (WorldEvent.Appears)scenes[first + count - 1].Event;
        return $"{names} and {last.Who.Name} were {last.Where.At}";
    }

    static (Person? Who, Person? To) Roles(WorldEvent e) => e switch
    {
        WorldEvent.Appears x => (x.Who, null),
        WorldEvent.Lies => (null, null),
        WorldEvent.Owns x => (x.Who, null),
        WorldEvent.Starts x => (x.Who, null),
        WorldEvent.Moves x => (x.Who, null),
        WorldEvent.Takes x => (x.Who, null),
        WorldEvent.Drops x => (x.Who, null),
        WorldEvent.Gives x => (x.Who, x.To),
        WorldEvent.GivesSome x => (x.Who, x.To),
        WorldEvent.Finds x => (x.Who, null),
        WorldEvent.Spends x => (x.Who, null),
        _ => throw new UnreachableException(),
    };

    static string Say(Dice dice, WorldEvent e, string who) => e switch
    {
        WorldEvent.Appears x => $"{who} was {x.Where.At}",
        WorldEvent.Lies x => dice.Percent(50) ? $"there was {x.What.A} {x.Where.At}" : $"{x.What.A} lay {x.Where.At}",
        WorldEvent.Owns x => $"{who} had {x.What.A}",
        WorldEvent.Starts x => $"{who} had {x.What.Count(x.Count)}",
        WorldEvent.Moves x => $"{who} {dice.One<string>(Verbs)} to {x.To}",
        WorldEvent.Takes x => $"{who} {(dice.Percent(60) ? "picked up" : "took")} {x.What}",
        WorldEvent.Drops x => dice.Percent(50) ? $"{who} put down {x.What}" : $"{who} left {x.What} there",
        WorldEvent.Gives x => dice.Percent(50) ? $"{who} gave {x.What} to {x.To}" : $"{who} gave {x.To} {x.What}",
        WorldEvent.GivesSome x => dice.Percent(50) ? $"{who} gave {x.What.Count(x.Count)} to {x.To}" : $"{who} gave {x.To} {x.What.Count(x.Count)}",
        WorldEvent.Finds x => $"{who} found {x.What.Count(x.Count)}",
        WorldEvent.Spends x => $"{who} {x.What.Spent} {x.What.Count(x.Count)}",
        _ => throw new UnreachableException(),
    };
}
