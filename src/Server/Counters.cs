using System.Globalization;
using System.Text;

namespace Functional.Server;

/// <summary>What is counted, and told in Prometheus' text format. For any threads.</summary>
sealed class Counters
{
    // Upper ends of the buckets of times to the first token, in seconds.
    static readonly double[] ends = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

    readonly Lock gate = new();
    readonly SortedDictionary<(string Route, int Status), long> requests = [];
    readonly SortedDictionary<string, ModelCounts> models = new(StringComparer.Ordinal);
    long failedInStreams;

    public void Answered(string route, int status)
    {
        lock (gate) requests[(route, status)] = requests.GetValueOrDefault((route, status)) + 1;
    }

    public void Failed()
    {
        lock (gate) failedInStreams++;
    }

    public void Read(string model, int tokens)
    {
        lock (gate) Of(model).Read += tokens;
    }

    public void Wrote(string model, int tokens)
    {
        lock (gate) Of(model).Written += tokens;
    }

    public void FirstToken(string model, TimeSpan time)
    {
        lock (gate)
        {
            var counts = Of(model);
            counts.Seconds += time.TotalSeconds;
            counts.Buckets[Array.FindIndex(ends, end => time.TotalSeconds <= end) is >= 0 and var i ? i : ends.Length]++;
        }
    }

    ModelCounts Of(string model)
    {
        if (!models.TryGetValue(model, out var counts)) models.Add(model, counts = new());
        return counts;
    }

    /// <summary>All of it.</summary>
    /// <param name="hosts">The models that are served.</param>
    public string Text(IEnumerable<ServedModel> hosts)
    {
        var text = new StringBuilder();
        void Say(FormattableString line) => text.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');
        void About(string name, string kind, string help) => text.Append($"# HELP {name} {help}\n# TYPE {name} {kind}\n");
        lock (gate)
        {
            About("functional_requests_total", "counter", "Requests that were answered, by route and status.");
            foreach (var ((route, status), count) in requests) Say($"functional_requests_total{{route=\"{route}\",status=\"{status}\"}} {count}");
            About("functional_stream_failures_total", "counter", "Streams that ended with an error.");
            Say($"functional_stream_failures_total {failedInStreams}");
            About("functional_prompt_tokens_total", "counter", "Tokens of prompts.");
            foreach (var (model, counts) in models) Say($"functional_prompt_tokens_total{{model=\"{Label(model)}\"}} {counts.Read}");
            About("functional_completion_tokens_total", "counter", "Tokens that were written.");
            foreach (var (model, counts) in models) Say($"functional_completion_tokens_total{{model=\"{Label(model)}\"}} {counts.Written}");
            About("functional_first_token_seconds", "histogram", "From a request to its first token.");
            foreach (var (model, counts) in models)
            {
                var sum = 0L;
                for (var i = 0; i <= ends.Length; i++)
                {
                    sum += counts.Buckets[i];
                    var end = i < ends.Length ? ends[i].ToString(CultureInfo.InvariantCulture) : "+Inf";
                    Say($"functional_first_token_seconds_bucket{{model=\"{Label(model)}\",le=\"{end}\"}} {sum}");
                }
                Say($"functional_first_token_seconds_sum{{model=\"{Label(model)}\"}} {counts.Seconds}");
                Say($"functional_first_token_seconds_count{{model=\"{Label(model)}\"}} {sum}");
            }
        }
        var loads = hosts.Select(static h => (h.Name, h.Host.Load)).ToList();
        About("functional_rows", "gauge", "Texts that may be written at once.");
        foreach (var (name, load) in loads) Say($"functional_rows{{model=\"{Label(name)}\"}} {load.Rows}");
        About("functional_writing", "gauge", "Texts that are being written.");
        foreach (var (name, load) in loads) Say($"functional_writing{{model=\"{Label(name)}\"}} {load.Writing}");
        About("functional_waiting", "gauge", "Requests that wait.");
        foreach (var (name, load) in loads) Say($"functional_waiting{{model=\"{Label(name)}\"}} {load.Waiting}");
        return text.ToString();
    }

    // As Prometheus reads values of labels.
    static string Label(string name) => name.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);

    sealed class ModelCounts
    {
        public long Read, Written;

        public double Seconds;

        public long[] Buckets { get; } = new long[ends.Length + 1];
    }
}
