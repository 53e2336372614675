using Functional.Testing;

namespace Functional.Tests.Properties.Data;

public class StoryLaws
{
    static Story Any(ulong seed) => Story.Of(Key.Seed(seed));

    static Chronicle Replay(Story story)
    {
        var told = new Chronicle();
        foreach (var e in story.Events) if (!told.Tell(e)) throw new InvalidOperationException($"cannot happen: {e}");
        return told;
    }

    static string Bare(string answer) => answer[(answer.LastIndexOf(" the ", StringComparison.Ordinal) is >= 0 and var at ? at + 5 : 0)..];

    [Property(MaxTest = 500)]
    public bool Events_can_happen_and_lead_to_the_facts(ulong seed) =>
        Any(seed) is var story && Replay(story).Facts.SequenceEqual(Chronicle.Show(story.Facts));

    [Property(MaxTest = 500)]
    public bool Answers_follow_from_the_events(ulong seed) =>
        Any(seed) is var story && Replay(story) is var told && story.Questions.All(q => told.Answer(q.Question) == Bare(q.Answer));

    [Property(MaxTest = 1000)]
    public bool The_text_says_the_facts(ulong seed) =>
        Any(seed) is var story && Reader.Read(story.Text).Facts.SequenceEqual(Chronicle.Show(story.Facts));

    [Property(MaxTest = 300)]
    public bool Questions_differ_and_ask_of_what_is_told(ulong seed) =>
        Any(seed) is var story && story.Questions.Distinct().Count() == story.Questions.Count && story.Questions.Count is 2 or 3
        && story.Exercises.Zip(story.Questions, (e, q) => e.Prompt == $"{story.Text}\nQuestion: {q.Question}\nAnswer:" && e.Answer == q.Answer
            && e.Kind == ExerciseKind.Story).All(same => same);

    /// <summary>Any events at all, most of them impossible: the world refuses just those that the chronicle refuses, and agrees after the others.</summary>
    [Property(MaxTest = 300)]
    public bool Worlds_change_as_the_chronicle(ulong seed)
    {
        var (key, world, told) = (Key.Seed(seed), Stories.World.Empty, new Chronicle());
        for (var i = 0; i < 120; i++)
        {
            var e = AnyEvent(key.FoldIn(i));
            var next = world.After(e);
            if (next.IsSome != told.Tell(e)) return false;
            world = next.IfNone(world);
            if (!told.Facts.SequenceEqual(Chronicle.Show(world.Facts))) return false;
        }
        return world.People.All(who => world.PlaceOf(who).Map(p => p.Name) == told.Places[who.Name])
            && world.Things.All(what => world.PlaceOf(what).Map(p => p.Name) == told.At($"{what.Look} {what.Noun}"));
    }

    [Property(MaxTest = 300)]
    public bool One_place_each_one_holder_each(ulong seed)
    {
        var facts = Any(seed).Facts;
        string[] who = [.. facts.OfType<Fact.IsAt>().Select(f => f.Who.Name)];
        Thing[] what = [.. facts.OfType<Fact.Holds>().Select(f => f.What), .. facts.OfType<Fact.Lies>().Select(f => f.What)];
        return who.Distinct().Count() == who.Length && what.DistinctBy(w => w.Noun).Count() == what.Length
            && facts.OfType<Fact.Has>().All(f => f.Count >= 0) && facts.OfType<Fact.Has>().DistinctBy(f => f.Who).Count() == facts.OfType<Fact.Has>().Count();
    }

    [Property]
    public bool A_world_does_not_answer_of_strangers(ulong seed)
    {
        var (who, what, goods) = (Lexicon.People[0], new Thing("red", "ball"), Lexicon.Goods[0]);
        Question[] all = [new Question.WhereIs(who), new Question.WhereLies(what), new Question.WhoHas(what), new Question.HowMany(who, goods),
            new Question.Together(who, who)];
        return all.All(q => q.In(Stories.World.Empty).IsNone) && seed >= 0;
    }

    static WorldEvent AnyEvent(Key key)
    {
        var (a, b) = (Lexicon.People[(int)key.Below(0, 3)], Lexicon.People[(int)key.Below(1, 3)]);
        var (place, what) = (Lexicon.Places[(int)key.Below(2, 3)], new Thing("red", Lexicon.Nouns[(int)key.Below(3, 2)]));
        var (goods, n) = (Lexicon.Goods[(int)key.Below(4, 2)], (int)key.Below(5, 6) - 1);
        return key.Below(6, 11) switch
        {
            0 => new WorldEvent.Appears(a, place),
            1 => new WorldEvent.Lies(what, place),
            2 => new WorldEvent.Owns(a, what),
            3 => new WorldEvent.Starts(a, n, goods),
            4 => new WorldEvent.Moves(a, place),
            5 => new WorldEvent.Takes(a, what),
            6 => new WorldEvent.Drops(a, what),
            7 => new WorldEvent.Gives(a, b, what),
            8 => new WorldEvent.GivesSome(a, b, n, goods),
            9 => new WorldEvent.Finds(a, n, goods),
            _ => new WorldEvent.Spends(a, n, goods),
        };
    }
}
