using System.Text;
using Functional.Base;
using Functional.Formats;
using Functional.Subwords;
using Functional.Text;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Files;

/// <summary>Tokenizers in files: <c>tokenizer.json</c>, GPT-2's <c>vocab.json</c> and <c>merges.txt</c>, tiktoken's ranks, SentencePiece's models.</summary>
public static class TokenizerFile
{
    const string Json = "tokenizer.json", Vocabulary = "vocab.json", Merges = "merges.txt", Model = "tokenizer.model";
    const long LargestFile = 1 << 29;

    static readonly Vec<string> made = ["char", "byte", "bpe"];

    /// <summary>Whether a word stands for a tokenizer by itself, whatever files there are.</summary>
    public static bool IsName(string word) => made.Contains(word) || Encodings.Names.Contains(word) || IsOther(word);

    // Of another library.
    static bool IsOther(string word) => word.StartsWith(MicrosoftTokenizer.Prefix, StringComparison.Ordinal);

    /// <summary>A word that names a file or folder as its whole path; any other as it is.</summary>
    public static string Whole(string word) => !IsName(word) && Path.Exists(word) ? Path.GetFullPath(word) : word;

    /// <summary>
    /// The tokenizer of an encoding's name, a file, or a folder that holds one, such as a run's; with <c>microsoft:</c> before the name of an encoding or a SentencePiece
    /// model, one whose text Microsoft.ML.Tokenizers encodes.
    /// </summary>
    public static Validation<Fault, Tokenizer> Find(string word) => Encodings.Names.Contains(word) ? Encodings.Read(word)
        : IsOther(word) ? MicrosoftTokenizer.Find(word[MicrosoftTokenizer.Prefix.Length..])
        : Directory.Exists(word) ? InFolder(word)
        : File.Exists(word) ? Read(word)
        : Fault.Of<Tokenizer>(word, "is no file or folder and no encoding", $"allowed: a file or folder with a tokenizer, or one of {string.Join(", ", Encodings.Names)}");

    /// <summary>Whether a folder holds a tokenizer.</summary>
    internal static bool IsIn(string folder) => FileIn(folder) is not null;

    static string? FileIn(string folder) => new[] { Json, Model, Merges }.Select(name => Path.Combine(folder, name)).FirstOrDefault(File.Exists);

    static Validation<Fault, Tokenizer> InFolder(string folder) =>
        FileIn(folder) is { } file ? Read(file)
            : Fault.Of<Tokenizer>(folder, "holds no tokenizer", $"expected {Json}, {Vocabulary} with {Merges}, or {Model}");

    /// <summary>Reads a tokenizer, of the kind that the file's name says; what is wrong with the file or its content is faults that name it.</summary>
    public static Validation<Fault, Tokenizer> Read(string path) => Path.GetFileName(path) switch
    {
        Vocabulary or Merges => Pair(Path.Combine(Path.GetDirectoryName(path) ?? "", Vocabulary), Path.Combine(Path.GetDirectoryName(path) ?? "", Merges)),
        var name when name.EndsWith(".model", StringComparison.Ordinal) => Bytes(path).Bind(bytes => SentencePieceModel.Parse(bytes, path)),
        var name when name.EndsWith(".tiktoken", StringComparison.Ordinal) => TextFile.Read(path).Bind(text => RankFile.Parse(text, Pattern(name), [], path)),
        _ => TextFile.Read(path).Bind(text => TokenizerJson.Parse(text, path)),
    };

    static Validation<Fault, Tokenizer> Pair(string vocabulary, string merges) =>
        (TextFile.Read(vocabulary), TextFile.Read(merges)).Apply(static (v, m) => (v, m)).Bind(both => MergesFile.Parse(both.v, both.m, null, vocabulary, merges));

    // Rank files do not say how text is cut; those of GPT-4 and Llama 3 are cut as GPT-4's, and others as GPT-2's.
    static string Pattern(string name) => name.Contains("50k", StringComparison.Ordinal) || name.StartsWith("gpt2", StringComparison.Ordinal)
        ? Splitter.Gpt2.Regex : Splitter.Tiktoken.Regex;

    internal static Validation<Fault, byte[]> Bytes(string path) => FileFaults.Reading(path, file =>
    {
        if (file.Length > LargestFile) return Fault.Of<byte[]>(path, $"has {file.Length} bytes", $"allowed: up to {LargestFile}");
        var bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        return Success<Fault, byte[]>(bytes);
    });

    /// <summary>Writes a tokenizer, beside the file first and then in its place, so that no reader sees half of it.</summary>
    public static Validation<Fault, Unit> Write(string path, Tokenizer tokenizer) => tokenizer is MicrosoftTokenizer
        ? Fault.Of<Unit>(path, "cannot hold what another library does", $"allowed: the same tokenizer without {MicrosoftTokenizer.Prefix} before its name")
        : FileFaults.Guard(path, () =>
    {
        var partial = path + ".partial";
        try
        {
            using (var file = new FileStream(partial, FileMode.Create, FileAccess.Write, FileShare.None))
            {
                file.Write(Encoding.UTF8.GetBytes(TokenizerJson.Write(tokenizer)));
                file.Flush(flushToDisk: true);
            }
            File.Move(partial, path, overwrite: true);
        }
        catch
        {
            File.Delete(partial);
            throw;
        }
        return Success<Fault, Unit>(unit);
    });
}
