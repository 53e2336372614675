using System.Security.Cryptography;
using Functional.Base;
using Functional.Sampling;

namespace Functional.Server;

/// <summary>What requests for texts have in common.</summary>
/// <param name="Texts">How many texts there are to a prompt.</param>
/// <param name="Streams">Whether they come as they are written.</param>
/// <param name="TellsUsage">Whether a stream ends with the numbers of tokens.</param>
sealed record WritingRequest(int Texts, bool Streams, bool TellsUsage)
{
    const int MostStops = 16;

    public static WritingRequest Of(Members body)
    {
        var options = body.Object("stream_options");
        var stream = body.Flag("stream");
        if (options is not null && !stream) body.Wrong("stream_options", "is there, and stream is not true", "allowed: with stream true");
        return new((int)(body.Whole("n", 1, 128) ?? 1), stream, options?.Flag("include_usage") ?? false);
    }

    public static long Seed(Members body) => body.Whole("seed", long.MinValue, long.MaxValue) is { } seed ? seed & long.MaxValue : RandomNumberGenerator.GetInt32(int.MaxValue);

    public static Vec<TokenBias> Biases(Members body)
    {
        if (body.Object("logit_bias") is not { } map || body["logit_bias"] is not Json.Map { Members: var members }) return [];
        var biases = new List<TokenBias>();
        foreach (var name in members.Names)
        {
            if (!int.TryParse(name, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var token)) map.Wrong(name, "is no token", "allowed: a token's number");
            else biases.Add(new(token, (float)map.Number(name, 0, -100, 100)));
        }
        return [.. biases];
    }

    /// <summary>The rules that both kinds of requests know, beside temperature and what is cut off.</summary>
    public static T Ruled<T>(T options, Members body) where T : DecodingOptions => options with
    {
        RepetitionPenalty = body.Number("repetition_penalty", 1, 0.01, 100), PresencePenalty = body.Number("presence_penalty", 0, -2, 2), FrequencyPenalty = body.Number("frequency_penalty", 0, -2, 2),
        Biases = Biases(body), MinP = body.Number("min_p", 0, 0, 1), TypicalP = body.Number("typical_p", 1, 1e-9, 1), Stops = Stops(body), Regex = body.Text("regex"),
        Lookup = (int)(body.Whole("lookup", 0, 64) ?? 0),
    };

    static Vec<string> Stops(Members body)
    {
        var stops = body.Texts("stop", MostStops);
        if (stops.Any(static s => s.Length is 0 or > 1000)) body.Wrong("stop", "has a text that is empty or too long", "allowed: texts of 1 to 1000 characters");
        return stops;
    }
}
