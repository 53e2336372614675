using Functional.Base;

namespace Functional.Stories;

/// <summary>A short story whose facts are known, with questions that it answers.</summary>
/// <param name="Events">All that is told, in order.</param>
/// <param name="Facts">What holds at the end.</param>
/// <param name="Text">The story in English, one paragraph.</param>
/// <param name="Questions">Questions about the end, with their answers.</param>
public sealed record Story(Vec<WorldEvent> Events, Vec<Fact> Facts, string Text, Vec<(Question Question, string Answer)> Questions)
{
    /// <summary>The story that a key stands for.</summary>
    public static Story Of(Key key)
    {
        var dice = new Dice(key);
        var (cast, scenes) = Plot.Make(dice);
        var (text, end) = (StoryTeller.Tell(dice, scenes), scenes[^1].After);
        var asked = dice.Some(Askable(dice, cast, end).ToVec(), 2 + dice.Below(2));
        return new(scenes.Select(static s => s.Event).ToVec(), end.Facts, text,
            asked.Map(q => (q, q.Answer(end) ?? throw new InvalidOperationException($"no answer: {q}"))));
    }

    /// <summary>What to ask with answers to check: the text and one question each.</summary>
    public Vec<Exercise> Exercises
    {
        get
        {
            var text = Text;
            return Questions.Map(q => new Exercise(ExerciseKind.Story, $"{text}\n{Exercise.Ask(q.Question.ToString())}", q.Answer));
        }
    }

    static IEnumerable<Question> Askable(Dice dice, Plot.Cast cast, World end)
    {
        foreach (var who in cast.People)
        {
            yield return new Question.WhereIs(who);
            if (cast.Goods is { } had) yield return new Question.HowMany(who, had);
        }
        foreach (var what in cast.Things)
        {
            yield return new Question.WhoHas(what);
            yield return new Question.WhereLies(what);
        }
        var pair = dice.Some(cast.People, 2);
        yield return new Question.Together(pair[0], pair[1]);
        if (cast.Goods is { } goods) yield return new Question.HowManyTogether(pair[0], pair[1], goods);
        yield return new Question.PeopleAt(dice.One(cast.Places));
        // Half of the answers are yes.
        yield return new Question.IsAt(pair[0], dice.Percent(50) ? end.Spot(pair[0])! : dice.One(cast.Places));
    }
}
