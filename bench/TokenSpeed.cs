using System.Diagnostics;
using System.Globalization;
using Functional.Files;
using Functional.Formats;
using Functional.Settings;
using Functional.Subwords;
using Functional.Text;
using Microsoft.ML.Tokenizers;

namespace Functional.Bench;

/// <summary>Training a byte-pair encoding, and encoding one text by it and by published encodings, beside Microsoft.ML.Tokenizers. Times are the best of several.</summary>
static class TokenSpeed
{
    const int Times = 3, LineLength = 1 << 16;

    public static void Run(string file, int vocabulary)
    {
        var text = Get(TextFile.Read(file));
        var megabytes = System.Text.Encoding.UTF8.GetByteCount(text) / 1e6;
        var settings = new BpeConfig { Vocabulary = vocabulary };
        var trained = Timed("train", megabytes, () => SubwordTokenizers.Of(BpeTrainer.Train(WordCounts.Of(text, settings.Splitter), settings.Training), settings.Training,
            settings.Splitter));
        Timed("encode trained", megabytes, () => Ids(trained, text));
        Timed($"encode trained, {Environment.ProcessorCount} cores", megabytes, () => Together(trained, text));
        foreach (var name in (string[])["r50k_base", "cl100k_base", "o200k_base"])
        {
            var ours = Get(Encodings.Read(name));
            var theirs = name == "r50k_base" ? TiktokenTokenizer.CreateForModel("gpt2") : TiktokenTokenizer.CreateForEncoding(name);
            Timed($"encode {name}", megabytes, () => Ids(ours, text));
            Timed($"encode {name}, {Environment.ProcessorCount} cores", megabytes, () => Together(ours, text));
            // In parts: the whole of a long text takes their caches and lists by surprise.
            Timed($"encode {name}, Microsoft.ML.Tokenizers", megabytes, () => Parts(text).Sum(part => theirs.EncodeToIds(part).Count));
        }
    }

    static int Ids(Functional.Text.Tokenizer tokenizer, string text)
    {
        var (stream, count) = (tokenizer.Stream(), 0);
        foreach (var part in Parts(text)) count += Get(stream.Push(part)).Length;
        return count + Get(stream.Finish()).Length;
    }

    static int Together(Functional.Text.Tokenizer tokenizer, string text)
    {
        var (encoder, count) = (new ParallelEncoder(tokenizer, Environment.ProcessorCount), 0);
        foreach (var part in Parts(text)) count += Get(encoder.Push(part)).Sum(static ids => ids.Length);
        return count + Get(encoder.Finish()).Sum(static ids => ids.Length);
    }

    static IEnumerable<string> Parts(string text)
    {
        for (int at = 0, end; at < text.Length; at = end)
        {
            end = Math.Min(text.Length, at + LineLength);
            if (end < text.Length && char.IsLowSurrogate(text[end])) end++;
            yield return text[at..end];
        }
    }

    static T Timed<T>(string what, double megabytes, Func<T> work)
    {
        var (best, result) = (double.MaxValue, default(T));
        for (var i = 0; i < Times; i++)
        {
            var clock = Stopwatch.StartNew();
            result = work();
            best = Math.Min(best, clock.Elapsed.TotalSeconds);
        }
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{{\"what\":\"{what}\",\"seconds\":{best:0.0000},\"megabytes_per_second\":{megabytes / best:0.0},\"result\":\"{result}\"}}"));
        return result!;
    }

    static T Get<T>(LanguageExt.Validation<Base.Fault, T> outcome) => outcome.IfFail(static f => throw new InvalidDataException(Base.Faults.Lines(f)));
}
