using Functional.Base;
using Functional.Files;
using Functional.Settings;
using LanguageExt;

namespace Functional;

/// <content>As a file keeps it.</content>
public sealed partial record StudyTraining
{
    internal Json Written() => new Json.Map(Params.Of<Json>(
        ("training", new Json.Whole(Number)), ("base", new Json.Text(Base)), ("step", new Json.Whole(Step)), ("template", new Json.Text(Template)), ("judge", new Json.Text(Judge)),
        ("policy", new Json.Text(Policy)), ("method", new Json.Text($"{Method}")), ("pairs", new Json.Whole(Pairs)), ("kept", new Json.Whole(Kept)), ("left-out", new Json.Whole(LeftOut)),
        ("tokens", new Json.Whole(Asking.Tokens)), ("temperature", new Json.Real(Asking.Temperature)), ("seed", new Json.Whole(Asking.Seed)),
        ("reward-settings", Settings(Plan.Reward)), ("policy-settings", Settings(Plan.Policy))));

    static Json Settings(Vec<(string Name, string Value)> settings) => new Json.List(settings.Map(static s => (Json)new Json.List([new Json.Text(s.Name), new Json.Text(s.Value)])));

    static StudyTraining? Read(string folder) => TextFile.Read(Path.Combine(folder, PlanName)).Bind(static text => Json.Parse(text, PlanName)).Case is Json json
        && Whole(json, "training") is { } number && Whole(json, "step") is { } step && Whole(json, "pairs") is { } pairs && Whole(json, "kept") is { } kept && Whole(json, "left-out") is { } left
        && Whole(json, "tokens") is { } tokens && Whole(json, "seed") is { } seed && json["temperature"].Case is Json.Real { Value: var temperature }
        && Text(json, "base") is { } start && Text(json, "template") is { } template && Text(json, "judge") is { } judge && Text(json, "policy") is { } policy
        && Text(json, "method") is nameof(StageKind.Dpo) or nameof(StageKind.Ppo) && Settings(json, "reward-settings") is { } reward && Settings(json, "policy-settings") is { } own
            ? new(folder, (int)number, start, step, template, judge, policy, Enum.Parse<StageKind>(Text(json, "method")!), (int)pairs, (int)kept, (int)left,
                new() { Tokens = (int)tokens, Temperature = temperature, Seed = seed }, new(reward, own))
            : null;

    static long? Whole(Json json, string name) => json[name].Case is Json.Whole { Value: var whole } ? whole : null;

    static string? Text(Json json, string name) => json[name].Case is Json.Text { Value: var text } ? text : null;

    static Vec<(string, string)>? Settings(Json json, string name) => json[name].Case is Json.List { Items: var all } && all.All(static s => s is Json.List { Items: [Json.Text, Json.Text] })
        ? all.Map(static s => ((Json.List)s).Items is [Json.Text key, Json.Text value] ? (key.Value, value.Value) : default) : null;
}
