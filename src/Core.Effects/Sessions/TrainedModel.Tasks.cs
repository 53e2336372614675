using Functional.Base;
using Functional.Dialogues;
using LanguageExt;

namespace Functional.Sessions;

/// <content>What it chooses, and what it answers when it is asked more than once.</content>
public sealed partial class TrainedModel
{
    /// <summary>What it thinks of the choices of questions; nothing when the token asks to stop.</summary>
    /// <param name="questions">The questions, as its run's encoder has them.</param>
    /// <param name="told">Is told how many choices are read.</param>
    /// <param name="stop">Asks to give up.</param>
    /// <exception cref="NotFiniteNumberException">Its numbers are not finite.</exception>
    public Validation<Fault, Option<ChoiceScores>> Choose(Choices questions, Action<int>? told = null, CancellationToken stop = default) =>
        from writes in Writes()
        from left in Fault.Unless(!Model.SeesBothSides, Run.Location, "reads texts from both sides, so that no token is likely behind others", "expected a model that writes")
        select Prelude.Optional(questions.Ask(engine, Model, parameters.Buffers, told: told, stop: stop)!);

    /// <summary>What more answers to each prompt buy; nothing when the token asks to stop.</summary>
    /// <param name="file">Rows of prompts, with answers where a judge compares with them; nothing for the questions that the run kept.</param>
    /// <param name="template">How they are asked; nothing for what the run was trained with, or its model's own.</param>
    /// <param name="columns">Which columns of the file are meant.</param>
    /// <param name="most">How many prompts at most, spread evenly over all; 0 for all.</param>
    /// <param name="judge">Who chooses: <c>exact</c>, <c>f1</c>, <c>rouge-l</c>, the folder of a run that has learned rewards, or <c>function</c>.</param>
    /// <param name="measure">What answers are measured by, of the same kinds; nothing for the judge itself.</param>
    /// <param name="rules">How answers are drawn, and what is done with them.</param>
    /// <param name="reward">The function that judges, where one does.</param>
    /// <param name="value">The function that measures, where one does.</param>
    /// <param name="told">Is told how many answers are written.</param>
    /// <param name="stop">Asks to give up.</param>
    /// <exception cref="NotFiniteNumberException">Its numbers are not finite.</exception>
    public Validation<Fault, Option<TestTimeResult>> Try(string? file, string? template, string? columns, int most, string judge, string? measure, TestTimeRules rules,
        Reward? reward = null, Reward? value = null, Action<int>? told = null, CancellationToken stop = default) =>
        from writes in Writes()
        from trial in Trial.Of(Run, true, Judges.AreNear(judge) ? judge : measure ?? judge, rules.Most, file, template, columns, most, stop: stop)
        from tried in Judged(judge, measure, reward, value, (one, other) => new TestTime(this, trial.Encoder, rules, one, other, told, stop).Run(trial.Rows))
        select tried;

    Validation<Fault, T> Judged<T>(string judge, string? measure, Reward? reward, Reward? value, Func<IJudge, IJudge, Validation<Fault, T>> work) =>
        Judges.Of(engine, judge, reward).Bind(one =>
        {
            using (one)
            {
                if (measure is null) return work(one, one);
                return Judges.Of(engine, measure, value, "measure").Bind(other =>
                {
                    using (other) return work(one, other);
                });
            }
        });
}
