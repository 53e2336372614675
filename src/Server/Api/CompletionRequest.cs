using Functional.Base;

namespace Functional.Server;

/// <summary>Text to go on from, or tokens.</summary>
/// <param name="Text">A text; nothing where there are tokens.</param>
/// <param name="Ids">Tokens.</param>
readonly record struct Prompt(string? Text, Vec<int> Ids)
{
    /// <summary>A text, tokens, or a list of either; a fault where it is none.</summary>
    public static Vec<Prompt> All(Members body, string name, int most)
    {
        switch (body[name])
        {
            case Json.Text { Value: var text }: return [new(text, [])];
            case Json.List { Items: { Count: > 0 } items } when items.All(IsToken): return [new(null, Tokens(items))];
            case Json.List { Items: { Count: > 0 } items } when items.Count <= most && items.All(static i => i is Json.Text): return items.Map(static i => new Prompt(((Json.Text)i).Value, []));
            case Json.List { Items: { Count: > 0 } items } when items.Count <= most && items.All(static i => i is Json.List { Items: { Count: > 0 } ids } && ids.All(IsToken)):
                return items.Map(static i => new Prompt(null, Tokens(((Json.List)i).Items)));
            default:
                body.Wrong(name, "is none", $"expected a text, a list of tokens, or a list of up to {most} of either");
                return [];
        }
    }

    static bool IsToken(Json json) => json is Json.Whole { Value: >= 0 and <= int.MaxValue };

    static Vec<int> Tokens(Vec<Json> items) => items.Map(static i => (int)((Json.Whole)i).Value);
}

/// <summary>The body of <c>/v1/completions</c>.</summary>
/// <param name="Prompts">What to go on from, one or more.</param>
/// <param name="Options">How.</param>
/// <param name="BestOf">Of how many texts to a prompt the best are given.</param>
/// <param name="Echoes">Whether each text begins with its prompt.</param>
/// <param name="Likely">How many of the likeliest tokens are told; nothing for no log-probabilities.</param>
/// <param name="Writing">How many texts, and how they come.</param>
sealed record CompletionRequest(Vec<Prompt> Prompts, GenerationOptions Options, int BestOf, bool Echoes, int? Likely, WritingRequest Writing)
{
    const int MostPrompts = 128;

    /// <summary>A request, or every fault in it.</summary>
    /// <param name="body">The body.</param>
    /// <param name="most">How many tokens a text may have.</param>
    public static CompletionRequest Of(Members body, int most)
    {
        var writing = WritingRequest.Of(body);
        if (body["suffix"] is not null and not Json.Text { Value: "" }) body.Wrong("suffix", "is not known", "allowed: texts that go on at their end");
        var bestOf = (int)(body.Whole("best_of", 1, 128) ?? writing.Texts);
        if (bestOf < writing.Texts) body.Wrong("best_of", $"is {bestOf}, below n", $"allowed: {writing.Texts} or more");
        if (bestOf > writing.Texts && writing.Streams) body.Wrong("best_of", "is above n in a stream", "allowed: n");
        var echo = body.Flag("echo");
        var likely = body.Whole("logprobs", 0, 20);
        var options = WritingRequest.Ruled(new GenerationOptions
        {
            Tokens = (int)(body.Whole("max_tokens", 1, most) ?? Math.Min(16, most)), Temperature = body.Number("temperature", 1, 0, 2), TopP = body.Number("top_p", 1, 1e-9, 1),
            TopK = (int)(body.Whole("top_k", 0, int.MaxValue) ?? 0), Seed = WritingRequest.Seed(body), Samples = bestOf, LogProbs = (int)(likely ?? 0),
        }, body);
        var prompts = body["prompt"] is null ? [new("", [])] : Prompt.All(body, "prompt", MostPrompts);
        body.Check();
        return new(prompts, options, bestOf, echo, (int?)likely, writing);
    }
}
