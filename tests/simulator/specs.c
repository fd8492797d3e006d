/* specs.c - made by mkspecs.mjs from @jambonz/verb-specifications 0.1.13 and @jambonz/schema 0.4.15. Do not edit. */
#include "check.h"

#include <stddef.h>

static const spec_prop oss_0[] = {
    {"id","s",0}, {"message","s",1},
};
static const spec_prop oss_1[] = {
    {"id","s",0},
};
static const spec_prop oss_2[] = {
    {"id","s",0}, {"status","n",1}, {"reason","s",0}, {"headers","o",0},
};
static const spec_prop oss_3[] = {
    {"id","s",0}, {"method","s",1}, {"body","s",0}, {"headers","o",0}, {"actionHook","o|s",0},
};
static const spec_prop oss_4[] = {
    {"id","s",0}, {"referTo","s",1}, {"referredBy","s",0}, {"referredByDisplayName","s",0}, {"headers","o",0},
    {"actionHook","o|s",0}, {"eventHook","o|s",0},
};
static const spec_prop oss_5[] = {
    {"id","s",0}, {"synthesizer","#synthesizer",0}, {"recognizer","#recognizer",0}, {"bargeIn","#bargeIn",0},
    {"ttsStream","#ttsStream",0}, {"record","#recordOptions",0}, {"listen","#listenOptions",0},
    {"stream","#listenOptions",0}, {"transcribe","#transcribeOptions",0}, {"amd","#amd",0},
    {"fillerNoise","#fillerNoise",0}, {"notifyEvents","b",0}, {"notifySttLatency","b",0}, {"reset","s|a",0},
    {"onHoldMusic","s",0}, {"actionHookDelayAction","#actionHookDelayAction",0}, {"sipRequestWithinDialogHook","o|s",0},
    {"boostAudioSignal","n|s",0}, {"vad","#vad",0}, {"referHook","o|s",0}, {"earlyMedia","b",0},
    {"autoStreamTts","b",0}, {"disableTtsCache","b",0}, {"trackTtsPlayout","b",0},
    {"noiseIsolation","#noiseIsolation",0}, {"turnTaking","#turnTaking",0},
};
static const spec_prop oss_6[] = {
    {"enable","b",1}, {"url","s",0}, {"startDelaySecs","n",0},
};
static const spec_prop oss_7[] = {
    {"enable","b",1}, {"url","s",0}, {"sampleRate","n",0}, {"wsAuth","#auth",0}, {"mixType","=mono,stereo,mixed",0},
    {"metadata","o",0}, {"maxLength","n",0}, {"passDtmf","b",0}, {"playBeep","b",0},
    {"disableBidirectionalAudio","b",0}, {"bidirectionalAudio","#bidirectionalAudio",0}, {"timeout","n",0},
};
static const spec_prop oss_8[] = {
    {"enable","b",1}, {"synthesizer","#synthesizer",0},
};
static const spec_prop oss_9[] = {
    {"enable","b",1}, {"sticky","b",0}, {"actionHook","o|s",0}, {"partialResultHook","o|s",0}, {"input","a",0},
    {"finishOnKey","s",0}, {"numDigits","n",0}, {"minDigits","n",0}, {"maxDigits","n",0}, {"interDigitTimeout","n",0},
    {"dtmfBargein","b",0}, {"minBargeinWordCount","n",0},
};
static const spec_prop oss_10[] = {
    {"enable","b",1}, {"transcriptionHook","s",0}, {"recognizer","#recognizer",0},
};
static const spec_prop oss_11[] = {
    {"id","s",0}, {"action","=addTrack,removeTrack,silenceTrack,playOnTrack,sayOnTrack",1}, {"track","s",1},
    {"play","s",0}, {"say","s|o",0}, {"loop","b",0}, {"gain","n|s",0},
};
static const spec_prop oss_12[] = {
    {"id","s",0}, {"name","s",1}, {"actionHook","o|s",0}, {"timeout","n",0}, {"beep","b",0}, {"callSid","s",0},
};
static const spec_prop oss_13[] = {
    {"id","s",0}, {"name","s",1}, {"actionHook","o|s",0}, {"waitHook","o|s",0}, {"priority","n",0}, {"_","o",0},
};
static const spec_prop oss_14[] = {
    {"id","s",0},
};
static const spec_prop oss_15[] = {
    {"id","s",0}, {"headers","o",0},
};
static const spec_prop oss_16[] = {
    {"id","s",0}, {"url","s|a",1}, {"loop","n|s",0}, {"earlyMedia","b",0}, {"seekOffset","n|s",0},
    {"timeoutSecs","n|s",0}, {"actionHook","o|s",0},
};
static const spec_prop oss_17[] = {
    {"id","s",0}, {"text","s|a",0}, {"instructions","s",0}, {"stream","b",0}, {"loop","n|s",0},
    {"synthesizer","#synthesizer",0}, {"earlyMedia","b",0}, {"disableTtsCache","b",0}, {"closeStreamOnEmpty","b",0},
};
static const spec_prop oss_18[] = {
    {"id","s",0}, {"actionHook","o|s",0}, {"finishOnKey","s",0}, {"input","a",0}, {"numDigits","n",0},
    {"minDigits","n",0}, {"maxDigits","n",0}, {"interDigitTimeout","n",0}, {"partialResultHook","o|s",0},
    {"speechTimeout","n",0}, {"listenDuringPrompt","b",0}, {"dtmfBargein","b",0}, {"bargein","b",0},
    {"minBargeinWordCount","n",0}, {"timeout","n",0}, {"recognizer","#recognizer",0}, {"play","#play",0},
    {"say","#say",0}, {"fillerNoise","#fillerNoise",0}, {"actionHookDelayAction","#actionHookDelayAction",0},
};
static const spec_prop oss_19[] = {
    {"id","s",0}, {"name","s",1}, {"beep","b",0}, {"memberTag","s",0}, {"speakOnlyTo","s",0},
    {"startConferenceOnEnter","b",0}, {"endConferenceOnExit","b",0}, {"endConferenceDuration","n",0},
    {"maxParticipants","n",0}, {"joinMuted","b",0}, {"actionHook","o|s",0}, {"waitHook","o|s",0},
    {"statusEvents","a",0}, {"statusHook","o|s",0}, {"enterHook","o|s",0}, {"record","#record",0},
    {"listen","#listen",0}, {"distributeDtmf","b",0},
};
static const spec_prop oss_20[] = {
    {"id","s",0}, {"actionHook","o|s",0}, {"onHoldHook","o|s",0}, {"answerOnBridge","b",0}, {"callerId","s",0},
    {"callerName","s",0}, {"confirmHook","o|s",0}, {"referHook","o|s",0}, {"dialMusic","s",0}, {"dtmfCapture","o",0},
    {"dtmfHook","o|s",0}, {"headers","o",0}, {"anchorMedia","b",0}, {"exitMediaPath","b",0},
    {"boostAudioSignal","n|s",0}, {"listen","#listen",0}, {"stream","#listen",0}, {"target","[#target]",1},
    {"timeLimit","n",0}, {"timeout","n",0}, {"proxy","s",0}, {"transcribe","#transcribe",0}, {"amd","#amd",0},
    {"dub","[#dub]",0}, {"tag","o",0}, {"forwardPAI","b",0}, {"srtpEncryption","=sdes,dtls",0},
};
static const spec_prop oss_21[] = {
    {"id","s",0}, {"credentials","o|s",1}, {"project","s",1}, {"agent","s",0}, {"environment","s",0}, {"region","s",0},
    {"model","=es,cx,ces",0}, {"lang","s",1}, {"actionHook","o|s",0}, {"eventHook","o|s",0}, {"events","a",0},
    {"welcomeEvent","s",0}, {"welcomeEventParams","o",0}, {"noInputTimeout","n",0}, {"noInputEvent","s",0},
    {"passDtmfAsTextInput","b",0}, {"thinkingMusic","s",0}, {"tts","#synthesizer",0}, {"bargein","b",0},
    {"queryInput","#queryInput",0},
};
static const spec_prop oss_22[] = {
    {"text","s",0}, {"intent","s",0}, {"event","s",0}, {"dtmf","s",0},
};
static const spec_prop oss_23[] = {
    {"id","s",0}, {"dtmf","s",1}, {"duration","n",0},
};
static const spec_prop oss_24[] = {
    {"id","s",0}, {"botId","s",1}, {"botAlias","s",1}, {"credentials","o",1}, {"region","s",1}, {"locale","s",0},
    {"intent","#lexIntent",0}, {"welcomeMessage","s",0}, {"metadata","o",0}, {"bargein","b",0}, {"passDtmf","b",0},
    {"actionHook","o|s",0}, {"eventHook","o|s",0}, {"noInputTimeout","n",0}, {"tts","#synthesizer",0},
};
static const spec_prop oss_25[] = {
    {"id","s",0}, {"actionHook","o|s",0}, {"auth","#auth",0}, {"finishOnKey","s",0}, {"maxLength","n",0},
    {"metadata","o",0}, {"mixType","=mono,stereo,mixed",0}, {"passDtmf","b",0}, {"playBeep","b",0},
    {"disableBidirectionalAudio","b",0}, {"bidirectionalAudio","#bidirectionalAudio",0}, {"sampleRate","n",0},
    {"timeout","n",0}, {"transcribe","#transcribe",0}, {"url","s",1}, {"wsAuth","#auth",0}, {"earlyMedia","b",0},
    {"channel","n",0},
};
static const spec_prop oss_26[] = {
    {"id","s",0}, {"vendor","s",1}, {"model","s",0}, {"auth","o",0}, {"connectOptions","o",0},
    {"mcpServers","[#mcpServer]",0}, {"actionHook","o|s",0}, {"eventHook","o|s",0}, {"toolHook","o|s",0},
    {"events","a",0}, {"llmOptions","o",1},
};
static const spec_prop oss_27[] = {
    {"url","s",1}, {"auth","o",0}, {"roots","[#root]",0},
};
static const spec_prop oss_28[] = {
    {"id","s",0}, {"carrier","s",0}, {"account_sid","s",0}, {"message_sid","s",0}, {"to","s",1}, {"from","s",1},
    {"text","s",0}, {"media","s|a",0}, {"actionHook","o|s",0},
};
static const spec_prop oss_29[] = {
    {"id","s",0}, {"length","n",1},
};
static const spec_prop oss_30[] = {
    {"id","s",0}, {"url","s",1}, {"recognizer","#recognizer",0}, {"tts","#synthesizer",0}, {"prompt","s",0},
    {"actionHook","o|s",0}, {"eventHook","o|s",0},
};
static const spec_prop oss_31[] = {
    {"path","s",1},
};
static const spec_prop oss_32[] = {
    {"action","=startCallRecording,stopCallRecording,pauseCallRecording,resumeCallRecording",1},
    {"type","=cloud,siprec",0}, {"recordingID","s",0}, {"siprecServerURL","s|a",0}, {"headers","o",0},
};
static const spec_prop oss_33[] = {
    {"id","s",0}, {"actionHook","o|s",1}, {"statusHook","o|s",0},
};
static const spec_prop oss_34[] = {
    {"id","s",0}, {"account_sid","s",0}, {"application_sid","s",0}, {"call_hook","o|s",1}, {"call_status_hook","o|s",0},
    {"from","s",1}, {"callerName","s",0}, {"fromHost","s",0}, {"speech_synthesis_vendor","s",0},
    {"speech_synthesis_voice","s",0}, {"speech_synthesis_language","s",0}, {"speech_recognizer_vendor","s",0},
    {"speech_recognizer_language","s",0}, {"tag","o",0}, {"to","#target",1}, {"headers","o",0}, {"timeout","n",0},
    {"amd","#amd",0}, {"dual_streams","b",0}, {"sipRequestWithinDialogHook","s",0}, {"referHook","o|s",0},
    {"timeLimit","n",0},
};
static const spec_prop oss_35[] = {
    {"id","s",0}, {"data","o",1},
};
static const spec_prop oss_36[] = {
    {"id","s",0}, {"transcriptionHook","s",0}, {"translationHook","s",0}, {"recognizer","#recognizer",0},
    {"earlyMedia","b",0}, {"channel","n",0},
};
static const spec_prop oss_37[] = {
    {"type","=phone,sip,user,teams",1}, {"confirmHook","o|s",0}, {"method","=GET,POST",0}, {"headers","o",0},
    {"from","#dialFrom",0}, {"name","s",0}, {"number","s",0}, {"sipUri","s",0}, {"auth","#auth",0}, {"vmail","b",0},
    {"tenant","s",0}, {"trunk","s",0}, {"overrideTo","s",0}, {"proxy","s",0},
};
static const spec_prop oss_38[] = {
    {"user","s",0}, {"host","s",0},
};
static const spec_prop oss_39[] = {
    {"username","s",1}, {"password","s",1},
};
static const spec_prop oss_40[] = {
    {"vendor","s",1}, {"label","s",0}, {"language","s",0}, {"voice","s|o",0}, {"fallbackVendor","s",0},
    {"fallbackLabel","s",0}, {"fallbackLanguage","s",0}, {"fallbackVoice","s|o",0},
    {"engine","=standard,neural,generative,long-form",0}, {"gender","=MALE,FEMALE,NEUTRAL",0}, {"options","o",0},
};
static const spec_prop oss_41[] = {
    {"vendor","s",1}, {"label","s",0}, {"language","s",0}, {"fallbackVendor","s",0}, {"fallbackLabel","s",0},
    {"fallbackLanguage","s",0}, {"vad","#vad",0}, {"autogeneratePrompt","b",0}, {"hints","a",0}, {"hintsBoost","n",0},
    {"altLanguages","a",0}, {"profanityFilter","b",0}, {"interim","b",0}, {"singleUtterance","b",0},
    {"dualChannel","b",0}, {"separateRecognitionPerChannel","b",0}, {"punctuation","b",0}, {"enhancedModel","b",0},
    {"words","b",0}, {"diarization","b",0}, {"diarizationMinSpeakers","n",0}, {"diarizationMaxSpeakers","n",0},
    {"interactionType","=unspecified,discussion,presentation,phone_call,voicemail,voice_search,voice_command,dictation",0},
    {"naicsCode","n",0}, {"identifyChannels","b",0}, {"vocabularyName","s",0}, {"vocabularyFilterName","s",0},
    {"filterMethod","=remove,mask,tag",0}, {"model","s",0}, {"outputFormat","=simple,detailed",0},
    {"profanityOption","=masked,removed,raw",0}, {"requestSnr","b",0}, {"initialSpeechTimeoutMs","n",0},
    {"azureServiceEndpoint","s",0}, {"azureSttEndpointId","s",0}, {"asrDtmfTerminationDigit","s",0},
    {"asrTimeout","n",0}, {"fastRecognitionTimeout","n",0}, {"minConfidence","n",0},
    {"nuanceOptions","#nuanceOptions",0}, {"deepgramOptions","#deepgramOptions",0}, {"ibmOptions","#ibmOptions",0},
    {"nvidiaOptions","#nvidiaOptions",0}, {"sonioxOptions","#sonioxOptions",0}, {"cobaltOptions","#cobaltOptions",0},
    {"awsOptions","#awsOptions",0}, {"azureOptions","#azureOptions",0}, {"assemblyAiOptions","#assemblyAiOptions",0},
    {"googleOptions","#googleOptions",0}, {"customOptions","#customOptions",0}, {"verbioOptions","#verbioOptions",0},
    {"speechmaticsOptions","#speechmaticsOptions",0}, {"openaiOptions","#openaiOptions",0},
    {"houndifyOptions","#houndifyOptions",0}, {"gladiaOptions","o",0}, {"elevenlabsOptions","#elevenlabsOptions",0},
};
static const spec_prop oss_42[] = {
    {"authToken","s",0}, {"uri","s",0}, {"sampleRate","n",0}, {"options","o",0},
};
static const spec_prop oss_43[] = {
    {"accessKey","s",0}, {"secretKey","s",0}, {"securityToken","s",0}, {"region","s",0}, {"vocabularyName","s",0},
    {"vocabularyFilterName","s",0}, {"vocabularyFilterMethod","=remove,mask,tag",0}, {"languageModelName","s",0},
    {"piiEntityTypes","a",0}, {"piiIdentifyEntities","b",0},
};
static const spec_prop oss_44[] = {
    {"speechSegmentationSilenceTimeoutMs","n",0}, {"postProcessing","s",0}, {"audioLogging","b",0},
    {"languageIdMode","=AtStart,Continuous",0}, {"speechRecognitionMode","=CONVERSATION,DICTATION,INTERACTIVE",0},
};
static const spec_prop oss_45[] = {
    {"serviceVersion","=v1,v2",0}, {"recognizerId","s",0}, {"speechStartTimeoutMs","n",0}, {"speechEndTimeoutMs","n",0},
    {"enableVoiceActivityEvents","b",0}, {"transcriptNormalization","a",0}, {"parentPath","s",0},
};
static const spec_prop oss_46[] = {
    {"requestInfo","o",0}, {"sampleRate","n",0}, {"latitude","n",0}, {"longitude","n",0}, {"city","s",0},
    {"state","s",0}, {"country","s",0}, {"timeZone","s",0}, {"domain","s",0}, {"audioEndpoint","s",0},
    {"maxSilenceSeconds","n",0}, {"maxSilenceAfterFullQuerySeconds","n",0},
    {"maxSilenceAfterPartialQuerySeconds","n",0}, {"vadSensitivity","n",0}, {"vadTimeout","n",0}, {"vadMode","s",0},
    {"vadVoiceMs","n",0}, {"vadSilenceMs","n",0}, {"vadDebug","b",0}, {"audioFormat","s",0},
    {"enableNoiseReduction","b",0}, {"enableProfanityFilter","b",0}, {"enablePunctuation","b",0},
    {"enableCapitalization","b",0}, {"confidenceThreshold","n",0}, {"enableDisfluencyFilter","b",0},
    {"maxResults","n",0}, {"enableWordTimestamps","b",0}, {"maxAlternatives","n",0},
    {"partialTranscriptInterval","n",0}, {"sessionTimeout","n",0}, {"connectionTimeout","n",0},
    {"customVocabulary","a",0}, {"languageModel","s",0}, {"audioQueryAbsoluteTimeout","n",0},
};
static const spec_prop oss_47[] = {
    {"includeTimestamps","b",0}, {"commitStrategy","=manual,vad",0}, {"vadSilenceThresholdSecs","n",0},
    {"vadThreshold","n",0}, {"minSpeechDurationMs","n",0}, {"minSilenceDurationMs","n",0}, {"enableLogging","b",0},
};
static const spec_prop oss_48[] = {
    {"serverUri","s",0}, {"enableConfusionNetwork","b",0}, {"metadata","s",0}, {"compiledContextData","s",0},
    {"wordTimeOffsets","b",0}, {"contextToken","s",0},
};
static const spec_prop oss_49[] = {
    {"rivaUri","s",0}, {"maxAlternatives","n",0}, {"profanityFilter","b",0}, {"punctuation","b",0},
    {"wordTimeOffsets","b",0}, {"verbatimTranscripts","b",0}, {"customConfiguration","o",0},
};
static const spec_prop oss_50[] = {
    {"sttApiKey","s",0}, {"sttRegion","s",0}, {"ttsApiKey","s",0}, {"ttsRegion","s",0}, {"instanceId","s",0},
    {"model","s",0}, {"languageCustomizationId","s",0}, {"acousticCustomizationId","s",0}, {"baseModelVersion","s",0},
    {"watsonMetadata","s",0}, {"watsonLearningOptOut","b",0},
};
static const spec_prop oss_51[] = {
    {"deepgramSttUri","s",0}, {"deepgramSttUseTls","b",0}, {"apiKey","s",0}, {"tier","s",0}, {"model","s",0},
    {"customModel","s",0}, {"version","s",0}, {"punctuate","b",0}, {"smartFormatting","b",0}, {"noDelay","b",0},
    {"profanityFilter","b",0}, {"redact","=pci,numbers,true,ssn",0}, {"diarize","b",0}, {"diarizeVersion","s",0},
    {"ner","b",0}, {"multichannel","b",0}, {"alternatives","n",0}, {"numerals","b",0}, {"search","a",0},
    {"replace","a",0}, {"keywords","a",0}, {"keyterms","a",0}, {"endpointing","b|n",0}, {"utteranceEndMs","n",0},
    {"shortUtterance","b",0}, {"vadTurnoff","n",0}, {"tag","s",0}, {"fillerWords","b",0}, {"eotThreshold","n",0},
    {"eotTimeoutMs","n",0}, {"mipOptOut","b",0}, {"entityPrompt","s",0}, {"eagerEotThreshold","n",0},
    {"languageHints","a",0},
};
static const spec_prop oss_52[] = {
    {"apiKey","s",0}, {"model","s",0}, {"endpointDetection","b",0}, {"profanityFilter","b",0}, {"speechContext","s",0},
    {"clientRequestReference","s",0}, {"storage","#sonioxStorage",0},
};
static const spec_prop oss_53[] = {
    {"enable_formatting","b",0}, {"enable_diarization","b",0}, {"topic","n",0}, {"inline_grammar","s",0},
    {"grammar_uri","s",0}, {"label","s",0}, {"recognition_timeout","n",0}, {"speech_complete_timeout","n",0},
    {"speech_incomplete_timeout","n",0},
};
static const spec_prop oss_54[] = {
    {"apiKey","s",0}, {"model","s",0}, {"prompt","s",0}, {"promptTemplates","#promptTemplates",0}, {"language","s",0},
    {"input_audio_noise_reduction","=near_field,far_field",0}, {"turn_detection","#turnDetection",0},
};
static const spec_prop oss_55[] = {
    {"hintsTemplate","s",0}, {"conversationHistoryTemplate","s",0},
};
static const spec_prop oss_56[] = {
    {"type","=none,server_vad,semantic_vad",1}, {"eagerness","=low,medium,high,auto",0}, {"threshold","n",0},
    {"prefix_padding_ms","n",0}, {"silence_duration_ms","n",0},
};
static const spec_prop oss_57[] = {
    {"host","s",0}, {"profile","=adaptive,agile,smart,external",0},
    {"transcription_config","#sm_transcriptionConfig",0}, {"translation_config","#sm_translationConfig",0},
    {"audio_events_config_config","#sm_audioEventsConfig",0},
};
static const spec_prop oss_58[] = {
    {"language","s",0}, {"domain","s",0}, {"additional_vocab","a",0}, {"diarization","s",0},
    {"speaker_diarization_config","#sm_speakerDiarizationConfig",0}, {"conversation_config","#sm_conversationConfig",0},
    {"enable_partials","b",0}, {"max_delay","n",0}, {"max_delay_mode","=fixed,flexible",0}, {"output_locale","s",0},
    {"punctuation_overrides","#sm_puctuationOverrides",0}, {"operating_point","s",0}, {"enable_entities","b",0},
    {"audio_filtering_config","#sm_audioFilteringConfig",0},
    {"transcript_filtering_config","#sm_transcriptFilteringConfig",0},
};
static const spec_prop oss_59[] = {
    {"speaker_sensitivity","n",0}, {"max_speakers","n",0},
};
static const spec_prop oss_60[] = {
    {"end_of_utterance_silence_trigger","n",0},
};
static const spec_prop oss_61[] = {
    {"permitted_marks","a",0}, {"sensitivity","n",0},
};
static const spec_prop oss_62[] = {
    {"volume_threshold","n",1},
};
static const spec_prop oss_63[] = {
    {"remove_disfluencies","b",1},
};
static const spec_prop oss_64[] = {
    {"target_languages","a",1}, {"enable_partials","b",0},
};
static const spec_prop oss_65[] = {
    {"types","a",0},
};
static const spec_prop oss_66[] = {
    {"id","s",0}, {"title","s",0}, {"disableStoreAudio","b",0}, {"disableStoreTranscript","b",0},
    {"disableSearch","b",0}, {"metadata","o",0},
};
static const spec_prop oss_67[] = {
    {"clientId","s",0}, {"secret","s",0}, {"kryptonEndpoint","s",0}, {"topic","s",0},
    {"utteranceDetectionMode","=single,multiple,disabled",0}, {"punctuation","b",0}, {"profanityFilter","b",0},
    {"includeTokenization","b",0}, {"discardSpeakerAdaptation","b",0}, {"suppressCallRecording","b",0},
    {"maskLoadFailures","b",0}, {"suppressInitialCapitalization","b",0}, {"allowZeroBaseLmWeight","b",0},
    {"filterWakeupWord","b",0}, {"resultType","=final,partial,immutable_partial",0}, {"noInputTimeoutMs","n",0},
    {"recognitionTimeoutMs","n",0}, {"utteranceEndSilenceMs","n",0}, {"maxHypotheses","n",0}, {"speechDomain","s",0},
    {"formatting","#formatting",0}, {"clientData","o",0}, {"userId","s",0}, {"speechDetectionSensitivity","n",0},
    {"resources","[#resource]",0},
};
static const spec_prop oss_68[] = {
    {"apiKey","s",0}, {"serviceVersion","=v2,v3",0}, {"speechModel","s",0}, {"formatTurns","b",0},
    {"endOfTurnConfidenceThreshold","n",0}, {"minEndOfTurnSilenceWhenConfident","n",0}, {"maxTurnSilence","n",0},
    {"minTurnSilence","n",0}, {"keyterms","a",0}, {"prompt","s",0}, {"languageDetection","b",0}, {"vadThreshold","n",0},
    {"inactivityTimeout","n",0},
};
static const spec_prop oss_69[] = {
    {"externalReference","#resourceReference",0}, {"inlineWordset","s",0}, {"builtin","s",0}, {"inlineGrammar","s",0},
    {"wakeupWord","a",0}, {"weightName","=defaultWeight,lowest,low,medium,high,highest",0}, {"weightValue","n",0},
    {"reuse","=undefined_reuse,low_reuse,high_reuse",0},
};
static const spec_prop oss_70[] = {
    {"type","=undefined_resource_type,wordset,compiled_wordset,domain_lm,speaker_profile,grammar,settings",0},
    {"uri","s",0}, {"maxLoadFailures","b",0}, {"requestTimeoutMs","n",0}, {"headers","o",0},
};
static const spec_prop oss_71[] = {
    {"scheme","s",1}, {"options","o",1},
};
static const spec_prop oss_72[] = {
    {"name","s",1}, {"slots","o",0},
};
static const spec_prop oss_73[] = {
    {"enable","b",0}, {"voiceMs","n",0}, {"silenceMs","n",0}, {"strategy","s",0}, {"mode","n",0},
    {"vendor","=webrtc,silero",0}, {"threshold","n",0}, {"speechPadMs","n",0},
};
static const spec_prop oss_74[] = {
    {"actionHook","o|s",1}, {"thresholdWordCount","n",0}, {"digitCount","n",0}, {"timers","#amdTimers",0},
    {"recognizer","#recognizer",0},
};
static const spec_prop oss_75[] = {
    {"noSpeechTimeoutMs","n",0}, {"decisionTimeoutMs","n",0}, {"toneTimeoutMs","n",0},
    {"greetingCompletionTimeoutMs","n",0},
};
static const spec_prop oss_76[] = {
    {"enabled","b",0}, {"noResponseTimeout","n",0}, {"noResponseGiveUpTimeout","n",0}, {"retries","n",0},
    {"actions","a",0}, {"giveUpActions","a",0},
};
static const spec_prop oss_77[] = {
    {"enabled","b",0}, {"streaming","b",0}, {"sampleRate","n",0},
};
static const spec_prop oss_78[] = {
    {"id","s",0}, {"stt","#recognizer",0}, {"tts","#synthesizer",0}, {"llm","#llm",1}, {"turnDetection","s|o",0},
    {"bargeIn","#bargeInPipeline",0}, {"actionHook","o|s",0}, {"eventHook","o|s",0}, {"toolHook","o|s",0},
    {"greeting","b",0}, {"earlyGeneration","b",0}, {"noiseIsolation","s|#noiseIsolationPipeline",0},
    {"mcpServers","[#mcpServer]",0}, {"noResponseTimeout","n",0},
};
static const spec_prop oss_79[] = {
    {"enable","b",0}, {"minSpeechDuration","n",0}, {"sticky","b",0},
};
static const spec_prop oss_80[] = {
    {"mode","s",0}, {"level","n",0}, {"direction","*",0}, {"model","s",0},
};
static const spec_prop oss_81[] = {
    {"enable","b",0}, {"vendor","s",0}, {"level","n",0}, {"model","s",0},
};
static const spec_prop oss_82[] = {
    {"enable","b",0}, {"vendor","s",0}, {"threshold","n",0}, {"model","s",0},
};
const spec oss_specs[] = {
    {"alert", NULL, oss_0, 2},
    {"answer", NULL, oss_1, 1},
    {"sip:decline", NULL, oss_2, 4},
    {"sip:request", NULL, oss_3, 5},
    {"sip:refer", NULL, oss_4, 7},
    {"config", NULL, oss_5, 26},
    {"fillerNoise", NULL, oss_6, 3},
    {"listenOptions", NULL, oss_7, 12},
    {"ttsStream", NULL, oss_8, 2},
    {"bargeIn", NULL, oss_9, 12},
    {"transcribeOptions", NULL, oss_10, 3},
    {"dub", NULL, oss_11, 7},
    {"dequeue", NULL, oss_12, 6},
    {"enqueue", NULL, oss_13, 6},
    {"leave", NULL, oss_14, 1},
    {"hangup", NULL, oss_15, 2},
    {"play", NULL, oss_16, 7},
    {"say", NULL, oss_17, 9},
    {"gather", NULL, oss_18, 20},
    {"conference", NULL, oss_19, 18},
    {"dial", NULL, oss_20, 27},
    {"dialogflow", NULL, oss_21, 20},
    {"queryInput", NULL, oss_22, 4},
    {"dtmf", NULL, oss_23, 3},
    {"lex", NULL, oss_24, 15},
    {"listen", NULL, oss_25, 18},
    {"llm", NULL, oss_26, 11},
    {"mcpServer", NULL, oss_27, 3},
    {"message", NULL, oss_28, 9},
    {"pause", NULL, oss_29, 2},
    {"rasa", NULL, oss_30, 7},
    {"record", NULL, oss_31, 1},
    {"recordOptions", NULL, oss_32, 5},
    {"redirect", NULL, oss_33, 3},
    {"rest:dial", NULL, oss_34, 22},
    {"tag", NULL, oss_35, 2},
    {"transcribe", NULL, oss_36, 6},
    {"target", NULL, oss_37, 14},
    {"dialFrom", NULL, oss_38, 2},
    {"auth", NULL, oss_39, 2},
    {"synthesizer", NULL, oss_40, 11},
    {"recognizer", NULL, oss_41, 56},
    {"customOptions", NULL, oss_42, 4},
    {"awsOptions", NULL, oss_43, 10},
    {"azureOptions", NULL, oss_44, 5},
    {"googleOptions", NULL, oss_45, 7},
    {"houndifyOptions", NULL, oss_46, 35},
    {"elevenlabsOptions", NULL, oss_47, 7},
    {"cobaltOptions", NULL, oss_48, 6},
    {"nvidiaOptions", NULL, oss_49, 7},
    {"ibmOptions", NULL, oss_50, 11},
    {"deepgramOptions", NULL, oss_51, 34},
    {"sonioxOptions", NULL, oss_52, 7},
    {"verbioOptions", NULL, oss_53, 9},
    {"openaiOptions", NULL, oss_54, 7},
    {"promptTemplates", NULL, oss_55, 2},
    {"turnDetection", NULL, oss_56, 5},
    {"speechmaticsOptions", NULL, oss_57, 5},
    {"sm_transcriptionConfig", NULL, oss_58, 15},
    {"sm_speakerDiarizationConfig", NULL, oss_59, 2},
    {"sm_conversationConfig", NULL, oss_60, 1},
    {"sm_puctuationOverrides", NULL, oss_61, 2},
    {"sm_audioFilteringConfig", NULL, oss_62, 1},
    {"sm_transcriptFilteringConfig", NULL, oss_63, 1},
    {"sm_translationConfig", NULL, oss_64, 2},
    {"sm_audioEventsConfig", NULL, oss_65, 1},
    {"sonioxStorage", NULL, oss_66, 6},
    {"nuanceOptions", NULL, oss_67, 25},
    {"assemblyAiOptions", NULL, oss_68, 13},
    {"resource", NULL, oss_69, 8},
    {"resourceReference", NULL, oss_70, 5},
    {"formatting", NULL, oss_71, 2},
    {"lexIntent", NULL, oss_72, 2},
    {"vad", NULL, oss_73, 8},
    {"amd", NULL, oss_74, 5},
    {"amdTimers", NULL, oss_75, 4},
    {"actionHookDelayAction", NULL, oss_76, 6},
    {"bidirectionalAudio", NULL, oss_77, 3},
    {"pipeline", NULL, oss_78, 14},
    {"bargeInPipeline", NULL, oss_79, 3},
    {"noiseIsolationPipeline", NULL, oss_80, 4},
    {"noiseIsolation", NULL, oss_81, 4},
    {"turnTaking", NULL, oss_82, 4},
    {NULL, NULL, NULL, 0}
};
const spec_alias oss_aliases[] = {
    {"stream", "listen", NULL},
    {"s2s", "llm", NULL},
    {"openai_s2s", "llm", "openai"},
    {"microsoft_s2s", "llm", "microsoft"},
    {"google_s2s", "llm", "google"},
    {"elevenlabs_s2s", "llm", "elevenlabs"},
    {"deepgram_s2s", "llm", "deepgram"},
    {"voiceagent_s2s", "llm", "voiceagent"},
    {"ultravox_s2s", "llm", "ultravox"},
    {NULL, NULL, NULL}
};

static const spec_prop v10_0[] = {
    {"url","s",1}, {"method","=GET,POST",0}, {"basicAuth","#auth",0},
};
static const spec_prop v10_2[] = {
    {"enabled","b",0}, {"noResponseTimeout","n",0}, {"noResponseGiveUpTimeout","n",0}, {"retries","n",0},
    {"actions","[o]",0}, {"giveUpActions","[o]",0},
};
static const spec_prop v10_3[] = {
    {"actionHook","#actionHook",1}, {"thresholdWordCount","n",0}, {"digitCount","n",0}, {"timers","#amd.timers",0},
    {"recognizer","#recognizer",0},
};
static const spec_prop v10_4[] = {
    {"noSpeechTimeoutMs","n",0}, {"decisionTimeoutMs","n",0}, {"toneTimeoutMs","n",0},
    {"greetingCompletionTimeoutMs","n",0},
};
static const spec_prop v10_5[] = {
    {"username","s",1}, {"password","s",1},
};
static const spec_prop v10_6[] = {
    {"enabled","b",0}, {"streaming","b",0}, {"sampleRate","n",0},
};
static const spec_prop v10_7[] = {
    {"enable","b",1}, {"url","s",0}, {"startDelaySecs","n",0},
};
static const spec_prop v10_8[] = {
    {"mode","=blind,warm",1}, {"blindMethod","=refer,dial",0}, {"callerPresent","b",0}, {"target","[#target]",1},
    {"callerId","s",0}, {"onHoldHook","#actionHook",0}, {"timeout","n",0}, {"confirm","#handoff.confirm",0},
    {"amd","#amd",0}, {"disposition","#handoff.disposition",0}, {"actionHook","#actionHook",0},
    {"eventHook","#actionHook",0}, {"brief","=auto,none|#handoff.brief1",0}, {"briefSynthesizer","#synthesizer",0},
    {"toolName","s",0}, {"toolDescription","s",0},
};
static const spec_prop v10_9[] = {
    {"prompt","s",1}, {"digit","s",1},
};
static const spec_prop v10_10[] = {
    {"onNoAnswer","=return,voicemail,hangup",0}, {"onBusy","=return,voicemail,hangup",0},
    {"onDecline","=return,voicemail,hangup",0}, {"onFailure","=return,voicemail,hangup",0}, {"voicemailUrl","s",0},
};
static const spec_prop v10_11[] = {
    {"template","s",1},
};
static const spec_prop v10_12[] = {
    {"reason","s",0},
};
static const spec_prop v10_13[] = {
    {"id","s",0}, {"vendor","s",0}, {"model","s",0}, {"auth","#llm-base.auth",0}, {"connectOptions","o",0},
    {"llmOptions","o",0}, {"mcpServers","[#llm-base.mcpServers]",0}, {"actionHook","#actionHook",0},
    {"eventHook","#actionHook",0}, {"toolHook","#actionHook",0}, {"handoff","#handoff",0}, {"hangup","#hangup",0},
    {"events","[s]",0}, {"responseTimeoutMs","i",0}, {"cancelOnResponseTimeout","b",0}, {"cancelOnBargeIn","b",0},
};
static const spec_prop v10_14[] = {
    {"apiKey","s",0},
};
static const spec_prop v10_15[] = {
    {"url","s",1}, {"auth","o",0}, {"roots","[o]",0},
};
static const spec_prop v10_16[] = {
    {"apiKey","s",0}, {"serviceVersion","=v2,v3",0}, {"speechModel","s",0}, {"formatTurns","b",0},
    {"endOfTurnConfidenceThreshold","n",0}, {"minEndOfTurnSilenceWhenConfident","n",0}, {"maxTurnSilence","n",0},
    {"minTurnSilence","n",0}, {"keyterms","[s]",0}, {"prompt","s",0}, {"languageDetection","b",0},
    {"vadThreshold","n",0}, {"inactivityTimeout","n",0},
};
static const spec_prop v10_17[] = {
    {"accessKey","s",0}, {"secretKey","s",0}, {"securityToken","s",0}, {"region","s",0}, {"vocabularyName","s",0},
    {"vocabularyFilterName","s",0}, {"vocabularyFilterMethod","=remove,mask,tag",0}, {"languageModelName","s",0},
    {"piiEntityTypes","[s]",0}, {"piiIdentifyEntities","b",0},
};
static const spec_prop v10_18[] = {
    {"speechSegmentationSilenceTimeoutMs","n",0}, {"postProcessing","s",0}, {"audioLogging","b",0},
    {"languageIdMode","=AtStart,Continuous",0}, {"speechRecognitionMode","=CONVERSATION,DICTATION,INTERACTIVE",0},
};
static const spec_prop v10_19[] = {
    {"authToken","s",0}, {"uri","s",0}, {"sampleRate","n",0}, {"options","o",0},
};
static const spec_prop v10_20[] = {
    {"deepgramSttUri","s",0}, {"deepgramSttUseTls","b",0}, {"apiKey","s",0}, {"tier","s",0}, {"model","s",0},
    {"customModel","s",0}, {"version","s",0}, {"punctuate","b",0}, {"smartFormatting","b",0}, {"noDelay","b",0},
    {"profanityFilter","b",0}, {"redact","=pci,numbers,true,ssn",0}, {"diarize","b",0}, {"diarizeVersion","s",0},
    {"ner","b",0}, {"multichannel","b",0}, {"alternatives","n",0}, {"numerals","b",0}, {"search","[s]",0},
    {"replace","[s]",0}, {"keywords","[s]",0}, {"keyterms","[s]",0}, {"endpointing","b|n",0}, {"utteranceEndMs","n",0},
    {"shortUtterance","b",0}, {"vadTurnoff","n",0}, {"tag","s",0}, {"fillerWords","b",0}, {"eotThreshold","n",0},
    {"eotTimeoutMs","n",0}, {"mipOptOut","b",0}, {"entityPrompt","s",0}, {"eagerEotThreshold","n",0},
    {"languageHints","[s]",0},
};
static const spec_prop v10_21[] = {
    {"includeTimestamps","b",0}, {"commitStrategy","=manual,vad",0}, {"vadSilenceThresholdSecs","n",0},
    {"vadThreshold","n",0}, {"minSpeechDurationMs","n",0}, {"minSilenceDurationMs","n",0}, {"enableLogging","b",0},
};
static const spec_prop v10_23[] = {
    {"mode","=VERBATIM,SMART",0}, {"customVocabulary","[s]",0}, {"serviceVersion","=v1,v2",0}, {"recognizerId","s",0},
    {"parentPath","s",0}, {"speechStartTimeoutMs","n",0}, {"speechEndTimeoutMs","n",0},
    {"enableVoiceActivityEvents","b",0}, {"transcriptNormalization","a",0},
};
static const spec_prop v10_24[] = {
    {"requestInfo","o",0}, {"sampleRate","n",0}, {"latitude","n",0}, {"longitude","n",0}, {"city","s",0},
    {"state","s",0}, {"country","s",0}, {"timeZone","s",0}, {"domain","s",0}, {"audioEndpoint","s",0},
    {"maxSilenceSeconds","n",0}, {"maxSilenceAfterFullQuerySeconds","n",0},
    {"maxSilenceAfterPartialQuerySeconds","n",0}, {"vadSensitivity","n",0}, {"vadTimeout","n",0}, {"vadMode","s",0},
    {"vadVoiceMs","n",0}, {"vadSilenceMs","n",0}, {"vadDebug","b",0}, {"audioFormat","s",0},
    {"enableNoiseReduction","b",0}, {"enableProfanityFilter","b",0}, {"enablePunctuation","b",0},
    {"enableCapitalization","b",0}, {"confidenceThreshold","n",0}, {"enableDisfluencyFilter","b",0},
    {"maxResults","n",0}, {"enableWordTimestamps","b",0}, {"maxAlternatives","n",0},
    {"partialTranscriptInterval","n",0}, {"sessionTimeout","n",0}, {"connectionTimeout","n",0},
    {"customVocabulary","[s]",0}, {"languageModel","s",0}, {"audioQueryAbsoluteTimeout","n",0}, {"eoqThreshold","n",0},
    {"vadStopThreshold","n",0},
};
static const spec_prop v10_25[] = {
    {"sttApiKey","s",0}, {"sttRegion","s",0}, {"ttsApiKey","s",0}, {"ttsRegion","s",0}, {"instanceId","s",0},
    {"model","s",0}, {"languageCustomizationId","s",0}, {"acousticCustomizationId","s",0}, {"baseModelVersion","s",0},
    {"watsonMetadata","s",0}, {"watsonLearningOptOut","b",0},
};
static const spec_prop v10_26[] = {
    {"apiKey","s",0}, {"endpointing","b",0}, {"emotionSignal","b",0}, {"accentSignal","b",0}, {"deepfakeSignal","b",0},
    {"piiPhiTagging","b",0}, {"modulateSttUri","s",0}, {"modulateSttUseTls","b",0},
};
static const spec_prop v10_27[] = {
    {"rivaUri","s",0}, {"maxAlternatives","n",0}, {"profanityFilter","b",0}, {"punctuation","b",0},
    {"wordTimeOffsets","b",0}, {"verbatimTranscripts","b",0}, {"customConfiguration","o",0},
};
static const spec_prop v10_28[] = {
    {"apiKey","s",0}, {"model","s",0}, {"prompt","s",0},
    {"promptTemplates","#recognizer-openaiOptions.promptTemplates",0}, {"language","s",0}, {"languages","[s]",0},
    {"keywords","[s]",0}, {"delay","=minimal,low,medium,high,xhigh",0},
    {"input_audio_noise_reduction","=near_field,far_field",0},
    {"turn_detection","#recognizer-openaiOptions.turn_detection",0}, {"vadMode","i",0}, {"vadSilenceMs","i",0},
    {"vadVoiceMs","i",0},
};
static const spec_prop v10_29[] = {
    {"hintsTemplate","s",0}, {"conversationHistoryTemplate","s",0},
};
static const spec_prop v10_30[] = {
    {"type","=none,server_vad,semantic_vad",1}, {"eagerness","=low,medium,high,auto",0}, {"threshold","n",0},
    {"prefix_padding_ms","n",0}, {"silence_duration_ms","n",0},
};
static const spec_prop v10_31[] = {
    {"apiKey","s",0}, {"model","s",0}, {"languageHints","[s]",0}, {"enableLanguageIdentification","b",0},
    {"enableSpeakerDiarization","b",0}, {"endpointDetection","b",0}, {"endpointSensitivity","n",0},
    {"maxEndpointDelayMs","i",0}, {"maxNonFinalTokensDurationMs","i",0}, {"profanityFilter","b",0},
    {"context","#recognizer-sonioxOptions.context",0}, {"speechContext","s",0}, {"clientRequestReference","s",0},
    {"storage","#recognizer-sonioxOptions.storage",0},
};
static const spec_prop v10_32[] = {
    {"general","[#recognizer-sonioxOptions.context.general]",0}, {"text","s",0}, {"terms","[s]",0},
    {"translation_terms","[#recognizer-sonioxOptions.context.translation_terms]",0},
};
static const spec_prop v10_33[] = {
    {"key","s",1}, {"value","s",1},
};
static const spec_prop v10_34[] = {
    {"source","s",1}, {"target","s",1},
};
static const spec_prop v10_35[] = {
    {"id","s",0}, {"title","s",0}, {"disableStoreAudio","b",0}, {"disableStoreTranscript","b",0},
    {"disableSearch","b",0}, {"metadata","o",0},
};
static const spec_prop v10_36[] = {
    {"host","s",0}, {"profile","=adaptive,agile,smart,external",0},
    {"transcription_config","#recognizer-speechmaticsOptions.transcription_config",0},
    {"translation_config","#recognizer-speechmaticsOptions.translation_config",0},
    {"audio_events_config","#recognizer-speechmaticsOptions.audio_events_config",0},
};
static const spec_prop v10_37[] = {
    {"language","s",0}, {"domain","s",0}, {"additional_vocab","a",0}, {"diarization","s",0},
    {"speaker_diarization_config","#recognizer-speechmaticsOptions.transcription_config.speaker_diarization_config",0},
    {"conversation_config","#recognizer-speechmaticsOptions.transcription_config.conversation_config",0},
    {"enable_partials","b",0}, {"max_delay","n",0}, {"max_delay_mode","=fixed,flexible",0}, {"output_locale","s",0},
    {"punctuation_overrides","#recognizer-speechmaticsOptions.transcription_config.punctuation_overrides",0},
    {"operating_point","s",0}, {"model","s",0}, {"enable_entities","b",0},
    {"audio_filtering_config","#recognizer-speechmaticsOptions.transcription_config.audio_filtering_config",0},
    {"transcript_filtering_config","#recognizer-speechmaticsOptions.transcription_config.transcript_filtering_config",0},
};
static const spec_prop v10_38[] = {
    {"speaker_sensitivity","n",0}, {"max_speakers","n",0},
};
static const spec_prop v10_39[] = {
    {"end_of_utterance_silence_trigger","n",0},
};
static const spec_prop v10_40[] = {
    {"permitted_marks","[s]",0}, {"sensitivity","n",0},
};
static const spec_prop v10_41[] = {
    {"volume_threshold","n",1},
};
static const spec_prop v10_42[] = {
    {"remove_disfluencies","b",0},
    {"replacements","[#recognizer-speechmaticsOptions.transcription_config.transcript_filtering_config.replacements]",0},
};
static const spec_prop v10_43[] = {
    {"from","s",1}, {"to","s",1},
};
static const spec_prop v10_44[] = {
    {"target_languages","[s]",1}, {"enable_partials","b",0},
};
static const spec_prop v10_45[] = {
    {"types","[=applause,music,laughter]",0},
};
static const spec_prop v10_46[] = {
    {"apiKey","s",0}, {"endpointing","i",0}, {"diarize","b",0}, {"fillerWords","b",0}, {"keyterms","[s]",0},
    {"smartTurn","n",0}, {"smartTurnTimeout","i",0},
};
static const spec_prop v10_47[] = {
    {"vendor","s",1}, {"label","s",0}, {"language","s",0}, {"fallbackVendor","s",0}, {"fallbackLabel","s",0},
    {"fallbackLanguage","s",0}, {"vad","#vad",0}, {"autogeneratePrompt","b",0}, {"hints","[s|#recognizer.hints1]",0},
    {"hintsBoost","n",0}, {"altLanguages","[s]",0}, {"profanityFilter","b",0}, {"interim","b",0},
    {"singleUtterance","b",0}, {"dualChannel","b",0}, {"separateRecognitionPerChannel","b",0}, {"punctuation","b",0},
    {"enhancedModel","b",0}, {"words","b",0}, {"diarization","b",0}, {"diarizationMinSpeakers","n",0},
    {"diarizationMaxSpeakers","n",0},
    {"interactionType","=unspecified,discussion,presentation,phone_call,voicemail,voice_search,voice_command,dictation",0},
    {"naicsCode","n",0}, {"identifyChannels","b",0}, {"vocabularyName","s",0}, {"vocabularyFilterName","s",0},
    {"filterMethod","=remove,mask,tag",0}, {"model","s",0}, {"outputFormat","=simple,detailed",0},
    {"profanityOption","=masked,removed,raw",0}, {"requestSnr","b",0}, {"initialSpeechTimeoutMs","n",0},
    {"azureServiceEndpoint","s",0}, {"azureSttEndpointId","s",0}, {"asrDtmfTerminationDigit","s",0},
    {"asrTimeout","n",0}, {"fastRecognitionTimeout","n",0}, {"minConfidence","n",0},
    {"deepgramOptions","#recognizer-deepgramOptions",0}, {"googleOptions","#recognizer-googleOptions",0},
    {"awsOptions","#recognizer-awsOptions",0}, {"azureOptions","#recognizer-azureOptions",0},
    {"ibmOptions","#recognizer-ibmOptions",0}, {"nvidiaOptions","#recognizer-nvidiaOptions",0},
    {"sonioxOptions","#recognizer-sonioxOptions",0}, {"xaiOptions","#recognizer-xaiOptions",0},
    {"modulateOptions","#recognizer-modulateOptions",0}, {"assemblyAiOptions","#recognizer-assemblyAiOptions",0},
    {"speechmaticsOptions","#recognizer-speechmaticsOptions",0}, {"openaiOptions","#recognizer-openaiOptions",0},
    {"houndifyOptions","#recognizer-houndifyOptions",0}, {"gladiaOptions","#recognizer-gladiaOptions",0},
    {"elevenlabsOptions","#recognizer-elevenlabsOptions",0}, {"customOptions","#recognizer-customOptions",0},
};
static const spec_prop v10_48[] = {
    {"phrase","s",1}, {"boost","n",0},
};
static const spec_prop v10_49[] = {
    {"vendor","s",1}, {"label","s",0}, {"language","s",0}, {"voice","s|o",0}, {"fallbackVendor","s",0},
    {"fallbackLabel","s",0}, {"fallbackLanguage","s",0}, {"fallbackVoice","s|o",0},
    {"engine","=standard,neural,generative,long-form",0}, {"gender","=MALE,FEMALE,NEUTRAL",0}, {"options","o",0},
};
static const spec_prop v10_50[] = {
    {"type","=phone,sip,user,teams",1}, {"number","s",0}, {"sipUri","s",0}, {"name","s",0}, {"tenant","s",0},
    {"trunk","s",0}, {"confirmHook","s|#actionHook",0}, {"method","=GET,POST",0}, {"headers","o",0},
    {"from","#target.from",0}, {"auth","#auth",0}, {"vmail","b",0}, {"overrideTo","s",0}, {"proxy","s",0},
};
static const spec_prop v10_51[] = {
    {"user","s",0}, {"host","s",0},
};
static const spec_prop v10_52[] = {
    {"mode","=blind,warm",1}, {"blindMethod","=refer,dial",0}, {"callerPresent","b",0}, {"target","[#target]",1},
    {"callerId","s",0}, {"onHoldHook","#actionHook",0}, {"timeout","n",0}, {"confirm","#transferOptions.confirm",0},
    {"amd","#amd",0}, {"disposition","#transferOptions.disposition",0}, {"actionHook","#actionHook",0},
    {"eventHook","#actionHook",0},
};
static const spec_prop v10_53[] = {
    {"prompt","s",1}, {"digit","s",1},
};
static const spec_prop v10_54[] = {
    {"onNoAnswer","=return,voicemail,hangup",0}, {"onBusy","=return,voicemail,hangup",0},
    {"onDecline","=return,voicemail,hangup",0}, {"onFailure","=return,voicemail,hangup",0}, {"voicemailUrl","s",0},
};
static const spec_prop v10_55[] = {
    {"enable","b",0}, {"voiceMs","n",0}, {"silenceMs","n",0}, {"strategy","s",0}, {"mode","n",0},
    {"vendor","=webrtc,silero",0}, {"threshold","n",0}, {"speechPadMs","n",0},
};
static const spec_prop v10_56[] = {
    {"id","s",0}, {"stt","#recognizer",0}, {"tts","#synthesizer",0}, {"autoLockLanguage","b|=always",0},
    {"languageConfig","o",0}, {"turnDetection","=stt,krisp|#verb agent.turnDetection1",0},
    {"bargeIn","#verb agent.bargeIn",0}, {"noResponseTimeout","n",0}, {"llm","#verb agent.llm",0},
    {"actionHook","#actionHook",0}, {"eventHook","#actionHook",0}, {"toolHook","#actionHook",0}, {"greeting","b",0},
    {"earlyGeneration","b",0}, {"noiseIsolation","=krisp,rnnoise|#verb agent.noiseIsolation1",0},
    {"mcpServers","[#verb agent.mcpServers]",0}, {"handoff","#handoff",0}, {"hangup","#hangup",0},
    {"toolFiller","b|o",0},
};
static const spec_prop v10_57[] = {
    {"mode","=krisp",1}, {"threshold","n",0}, {"model","s",0},
};
static const spec_prop v10_58[] = {
    {"enable","b",0}, {"strategy","=vad,interruptPrediction",0}, {"vendor","s",0}, {"threshold","n",0},
    {"minSpeechDuration","n",0}, {"sticky","b",0},
};
static const spec_prop v10_59[] = {
    {"vendor","s",0}, {"model","s",0}, {"label","s",0}, {"auth","#verb agent.llm.auth",0},
    {"connectOptions","#verb agent.llm.connectOptions",0}, {"llmOptions","#verb agent.llm.llmOptions",0},
};
static const spec_prop v10_60[] = {
    {"apiKey","s",0},
};
static const spec_prop v10_61[] = {
    {"timeout","n",0}, {"maxRetries","i",0}, {"endpoint","s",0}, {"baseURL","s",0},
};
static const spec_prop v10_62[] = {
    {"systemPrompt","s",0}, {"messages","[o]",0}, {"initialMessages","[o]",0}, {"maxTokens","i",0},
    {"temperature","n",0}, {"reasoningEffort","=minimal,low,medium,high",0}, {"tools","[o]",0},
};
static const spec_prop v10_63[] = {
    {"mode","s",1}, {"level","n",0}, {"direction","=read,write",0}, {"model","s",0},
};
static const spec_prop v10_64[] = {
    {"url","s",1}, {"auth","o",0}, {"roots","[o]",0},
};
static const spec_prop v10_65[] = {
    {"id","s",0}, {"message","s",1},
};
static const spec_prop v10_66[] = {
    {"id","s",0},
};
static const spec_prop v10_67[] = {
    {"id","s",0}, {"name","s",1}, {"beep","b",0}, {"memberTag","s",0}, {"speakOnlyTo","s",0},
    {"startConferenceOnEnter","b",0}, {"endConferenceOnExit","b",0}, {"endConferenceDuration","n",0},
    {"maxParticipants","n",0}, {"joinMuted","b",0}, {"actionHook","#actionHook",0}, {"waitHook","#actionHook",0},
    {"statusEvents","[s]",0}, {"statusHook","#actionHook",0}, {"enterHook","#actionHook",0}, {"record","o",0},
    {"listen","o",0}, {"stream","o",0}, {"distributeDtmf","b",0},
};
static const spec_prop v10_68[] = {
    {"id","s",0}, {"synthesizer","#synthesizer",0}, {"recognizer","#recognizer",0},
    {"bargeIn","#verb config.bargeIn",0}, {"ttsStream","#verb config.ttsStream",0}, {"record","o",0}, {"listen","o",0},
    {"stream","o",0}, {"transcribe","o",0}, {"amd","#amd",0}, {"fillerNoise","#fillerNoise",0}, {"vad","#vad",0},
    {"notifyEvents","b",0}, {"notifySttLatency","b",0}, {"reset","s|[s]",0}, {"onHoldMusic","s",0},
    {"actionHookDelayAction","#actionHookDelayAction",0}, {"sipRequestWithinDialogHook","#actionHook",0},
    {"boostAudioSignal","n|s",0}, {"referHook","#actionHook",0}, {"earlyMedia","b",0}, {"autoStreamTts","b",0},
    {"disableTtsCache","b",0}, {"trackTtsPlayout","b",0}, {"noiseIsolation","#verb config.noiseIsolation",0},
    {"turnTaking","#verb config.turnTaking",0},
};
static const spec_prop v10_69[] = {
    {"enable","b",0}, {"sticky","b",0}, {"actionHook","#actionHook",0}, {"input","[=speech,digits]",0},
    {"minBargeinWordCount","n",0},
};
static const spec_prop v10_70[] = {
    {"enable","b",0}, {"synthesizer","#synthesizer",0},
};
static const spec_prop v10_71[] = {
    {"enable","b",0}, {"vendor","s",0}, {"level","n",0}, {"model","s",0},
};
static const spec_prop v10_72[] = {
    {"enable","b",0}, {"vendor","s",0}, {"threshold","n",0}, {"model","s",0},
};
static const spec_prop v10_73[] = {
    {"id","s",0}, {"vendor","=deepgram",0}, {"model","s",0}, {"auth","#verb deepgram_s2s.auth",0},
    {"connectOptions","o",0}, {"llmOptions","o",1}, {"mcpServers","[#verb deepgram_s2s.mcpServers]",0},
    {"actionHook","#actionHook",0}, {"eventHook","#actionHook",0}, {"toolHook","#actionHook",0},
    {"handoff","#handoff",0}, {"hangup","#hangup",0}, {"events","[s]",0}, {"responseTimeoutMs","i",0},
    {"cancelOnResponseTimeout","b",0}, {"cancelOnBargeIn","b",0},
};
static const spec_prop v10_74[] = {
    {"apiKey","s",0},
};
static const spec_prop v10_75[] = {
    {"url","s",1}, {"auth","o",0}, {"roots","[o]",0},
};
static const spec_prop v10_76[] = {
    {"id","s",0}, {"name","s",1}, {"actionHook","#actionHook",0}, {"timeout","n",0}, {"beep","b",0}, {"callSid","s",0},
};
static const spec_prop v10_77[] = {
    {"id","s",0}, {"target","[#target]",1}, {"actionHook","#actionHook",0}, {"onHoldHook","#actionHook",0},
    {"answerOnBridge","b",0}, {"callerId","s",0}, {"callerName","s",0}, {"confirmHook","#actionHook",0},
    {"referHook","#actionHook",0}, {"dialMusic","s",0}, {"dtmfCapture","[s]|o",0}, {"dtmfHook","#actionHook",0},
    {"headers","o",0}, {"anchorMedia","b",0}, {"codecs","[s]",0}, {"exitMediaPath","b",0}, {"boostAudioSignal","n|s",0},
    {"listen","o",0}, {"stream","o",0}, {"transcribe","o",0}, {"timeLimit","n",0}, {"timeout","n",0}, {"proxy","s",0},
    {"amd","#amd",0}, {"dub","[#verb dub]",0}, {"tag","o",0}, {"forwardPAI","b",0}, {"srtpEncryption","=sdes,dtls",0},
};
static const spec_prop v10_78[] = {
    {"id","s",0}, {"credentials","o|s",1}, {"project","s",1}, {"agent","s",0}, {"environment","s",0},
    {"deployment","s",0}, {"region","s",0}, {"model","=es,cx,ces",0}, {"lang","s",1}, {"sessionId","s",0},
    {"actionHook","#actionHook",0}, {"eventHook","#actionHook",0}, {"toolHook","#actionHook",0}, {"events","[s]",0},
    {"welcomeEvent","s",0}, {"welcomeEventParams","o",0}, {"noInputTimeout","n",0}, {"noInputEvent","s",0},
    {"passDtmfAsTextInput","b",0}, {"thinkingMusic","s",0}, {"tts","#synthesizer",0}, {"bargein","b",0},
    {"queryInput","#verb dialogflow.queryInput",0},
};
static const spec_prop v10_79[] = {
    {"text","s",0}, {"intent","s",0}, {"event","s",0}, {"dtmf","s",0},
};
static const spec_prop v10_80[] = {
    {"id","s",0}, {"dtmf","s",1}, {"duration","n",0},
};
static const spec_prop v10_81[] = {
    {"id","s",0}, {"action","=addTrack,removeTrack,silenceTrack,playOnTrack,sayOnTrack",1}, {"track","s",1},
    {"play","s",0}, {"say","s|o",0}, {"loop","b",0}, {"gain","n|s",0},
};
static const spec_prop v10_82[] = {
    {"id","s",0}, {"vendor","=elevenlabs",0}, {"model","s",0}, {"auth","#verb elevenlabs_s2s.auth",1},
    {"connectOptions","o",0}, {"llmOptions","#verb elevenlabs_s2s.llmOptions",0},
    {"mcpServers","[#verb elevenlabs_s2s.mcpServers]",0}, {"actionHook","#actionHook",0}, {"eventHook","#actionHook",0},
    {"toolHook","#actionHook",0}, {"handoff","#handoff",0}, {"hangup","#hangup",0}, {"events","[s]",0},
    {"responseTimeoutMs","i",0}, {"cancelOnResponseTimeout","b",0}, {"cancelOnBargeIn","b",0},
};
static const spec_prop v10_83[] = {
    {"agent_id","s",1}, {"api_key","s",0},
};
static const spec_prop v10_84[] = {
    {"conversation_initiation_client_data","o",0}, {"input_sample_rate","i",0}, {"output_sample_rate","i",0},
};
static const spec_prop v10_85[] = {
    {"url","s",1}, {"auth","o",0}, {"roots","[o]",0},
};
static const spec_prop v10_86[] = {
    {"id","s",0}, {"name","s",1}, {"actionHook","#actionHook",0}, {"waitHook","#actionHook",0}, {"priority","n",0},
};
static const spec_prop v10_87[] = {
    {"id","s",0}, {"actionHook","#actionHook",0}, {"input","[=speech,digits]",0}, {"finishOnKey","s",0},
    {"numDigits","n",0}, {"minDigits","n",0}, {"maxDigits","n",0}, {"interDigitTimeout","n",0}, {"speechTimeout","n",0},
    {"timeout","n",0}, {"partialResultHook","#actionHook",0}, {"listenDuringPrompt","b",0}, {"dtmfBargein","b",0},
    {"bargein","b",0}, {"minBargeinWordCount","n",0}, {"recognizer","#recognizer",0}, {"say","o",0}, {"play","o",0},
    {"fillerNoise","#fillerNoise",0}, {"actionHookDelayAction","#actionHookDelayAction",0},
};
static const spec_prop v10_88[] = {
    {"id","s",0}, {"vendor","=google",0}, {"model","s",0}, {"auth","#verb google_s2s.auth",0}, {"connectOptions","o",0},
    {"llmOptions","o",1}, {"mcpServers","[#verb google_s2s.mcpServers]",0}, {"actionHook","#actionHook",0},
    {"eventHook","#actionHook",0}, {"toolHook","#actionHook",0}, {"handoff","#handoff",0}, {"hangup","#hangup",0},
    {"events","[s]",0}, {"responseTimeoutMs","i",0}, {"cancelOnResponseTimeout","b",0}, {"cancelOnBargeIn","b",0},
};
static const spec_prop v10_89[] = {
    {"apiKey","s",0},
};
static const spec_prop v10_90[] = {
    {"url","s",1}, {"auth","o",0}, {"roots","[o]",0},
};
static const spec_prop v10_91[] = {
    {"id","s",0}, {"vendor","=gptlive",0}, {"model","s",0}, {"auth","#verb gptlive_s2s.auth",1},
    {"connectOptions","o",0}, {"llmOptions","#verb gptlive_s2s.llmOptions",1},
    {"mcpServers","[#verb gptlive_s2s.mcpServers]",0}, {"actionHook","#actionHook",0}, {"eventHook","#actionHook",0},
    {"toolHook","#actionHook",0}, {"handoff","#handoff",0}, {"hangup","#hangup",0}, {"events","[s]",0},
    {"responseTimeoutMs","i",0}, {"cancelOnResponseTimeout","b",0}, {"cancelOnBargeIn","b",0},
};
static const spec_prop v10_92[] = {
    {"apiKey","s",1},
};
static const spec_prop v10_93[] = {
    {"session_update","#verb gptlive_s2s.llmOptions.session_update",1},
};
static const spec_prop v10_94[] = {
    {"model","*",0}, {"delegation","#verb gptlive_s2s.llmOptions.session_update.delegation",0},
};
static const spec_prop v10_95[] = {
    {"type","=client,responses",0}, {"responses","#verb gptlive_s2s.llmOptions.session_update.delegation.responses",0},
    {"tools","*",0},
};
static const spec_prop v10_96[] = {
    {"model","s",1}, {"tools","[o]",0}, {"instructions","s",0},
};
static const spec_prop v10_97[] = {
    {"url","s",1}, {"auth","o",0}, {"roots","[o]",0},
};
static const spec_prop v10_98[] = {
    {"id","s",0}, {"headers","o",0},
};
static const spec_prop v10_99[] = {
    {"id","s",0},
};
static const spec_prop v10_100[] = {
    {"id","s",0}, {"url","s",1}, {"actionHook","#actionHook",0}, {"wsAuth","#auth",0},
    {"mixType","=mono,stereo,mixed",0}, {"metadata","o",0}, {"sampleRate","n",0}, {"finishOnKey","s",0},
    {"maxLength","n",0}, {"passDtmf","b",0}, {"playBeep","b",0}, {"disableBidirectionalAudio","b",0},
    {"bidirectionalAudio","#bidirectionalAudio",0}, {"timeout","n",0}, {"transcribe","#verb transcribe",0},
    {"earlyMedia","b",0}, {"channel","n",0},
};
static const spec_prop v10_101[] = {
    {"id","s",0}, {"vendor","s",1}, {"model","s",0}, {"auth","#verb llm.auth",0}, {"connectOptions","o",0},
    {"llmOptions","o",1}, {"mcpServers","[#verb llm.mcpServers]",0}, {"actionHook","#actionHook",0},
    {"eventHook","#actionHook",0}, {"toolHook","#actionHook",0}, {"handoff","#handoff",0}, {"hangup","#hangup",0},
    {"events","[s]",0}, {"responseTimeoutMs","i",0}, {"cancelOnResponseTimeout","b",0}, {"cancelOnBargeIn","b",0},
};
static const spec_prop v10_102[] = {
    {"apiKey","s",0},
};
static const spec_prop v10_103[] = {
    {"url","s",1}, {"auth","o",0}, {"roots","[o]",0},
};
static const spec_prop v10_104[] = {
    {"id","s",0}, {"to","s",1}, {"from","s",1}, {"text","s",0}, {"media","s|[s]",0}, {"carrier","s",0},
    {"account_sid","s",0}, {"message_sid","s",0}, {"actionHook","#actionHook",0},
};
static const spec_prop v10_105[] = {
    {"id","s",0}, {"vendor","=openai",0}, {"model","s",0}, {"auth","#verb openai_s2s.auth",0}, {"connectOptions","o",0},
    {"llmOptions","o",1}, {"mcpServers","[#verb openai_s2s.mcpServers]",0}, {"actionHook","#actionHook",0},
    {"eventHook","#actionHook",0}, {"toolHook","#actionHook",0}, {"handoff","#handoff",0}, {"hangup","#hangup",0},
    {"events","[s]",0}, {"responseTimeoutMs","i",0}, {"cancelOnResponseTimeout","b",0}, {"cancelOnBargeIn","b",0},
};
static const spec_prop v10_106[] = {
    {"apiKey","s",0},
};
static const spec_prop v10_107[] = {
    {"url","s",1}, {"auth","o",0}, {"roots","[o]",0},
};
static const spec_prop v10_108[] = {
    {"id","s",0}, {"length","n",1},
};
static const spec_prop v10_109[] = {
    {"id","s",0}, {"url","s|[s]",1}, {"loop","n|s",0}, {"earlyMedia","b",0}, {"seekOffset","n|s",0},
    {"timeoutSecs","n|s",0}, {"actionHook","#actionHook",0},
};
static const spec_prop v10_110[] = {
    {"id","s",0}, {"vendor","=qwen",0}, {"model","s",0}, {"auth","#verb qwen_s2s.auth",0}, {"connectOptions","o",0},
    {"llmOptions","o",1}, {"mcpServers","[#verb qwen_s2s.mcpServers]",0}, {"actionHook","#actionHook",0},
    {"eventHook","#actionHook",0}, {"toolHook","#actionHook",0}, {"handoff","#handoff",0}, {"hangup","#hangup",0},
    {"events","[s]",0}, {"responseTimeoutMs","i",0}, {"cancelOnResponseTimeout","b",0}, {"cancelOnBargeIn","b",0},
};
static const spec_prop v10_111[] = {
    {"apiKey","s",0},
};
static const spec_prop v10_112[] = {
    {"url","s",1}, {"auth","o",0}, {"roots","[o]",0},
};
static const spec_prop v10_113[] = {
    {"id","s",0}, {"actionHook","#actionHook",1}, {"statusHook","#actionHook",0},
};
static const spec_prop v10_114[] = {
    {"id","s",0}, {"account_sid","s",0}, {"application_sid","s",0}, {"call_hook","s|o",1}, {"call_status_hook","s|o",0},
    {"from","s",1}, {"callerName","s",0}, {"fromHost","s",0}, {"speech_synthesis_vendor","s",0},
    {"speech_synthesis_voice","s",0}, {"speech_synthesis_language","s",0}, {"speech_recognizer_vendor","s",0},
    {"speech_recognizer_language","s",0}, {"tag","o",0}, {"to","#target",1}, {"headers","o",0}, {"timeout","n",0},
    {"amd","#amd",0}, {"dual_streams","b",0}, {"sipRequestWithinDialogHook","s",0}, {"referHook","s|o",0},
    {"timeLimit","n",0},
};
static const spec_prop v10_116[] = {
    {"id","s",0}, {"vendor","s",1}, {"model","s",0}, {"auth","#verb s2s.auth",0}, {"connectOptions","o",0},
    {"llmOptions","o",1}, {"mcpServers","[#verb s2s.mcpServers]",0}, {"actionHook","#actionHook",0},
    {"eventHook","#actionHook",0}, {"toolHook","#actionHook",0}, {"handoff","#handoff",0}, {"hangup","#hangup",0},
    {"events","[s]",0}, {"responseTimeoutMs","i",0}, {"cancelOnResponseTimeout","b",0}, {"cancelOnBargeIn","b",0},
};
static const spec_prop v10_117[] = {
    {"apiKey","s",0},
};
static const spec_prop v10_118[] = {
    {"url","s",1}, {"auth","o",0}, {"roots","[o]",0},
};
static const spec_prop v10_119[] = {
    {"id","s",0}, {"text","s|[s]",0}, {"instructions","s",0}, {"stream","b",0}, {"loop","n|s",0},
    {"synthesizer","#synthesizer",0}, {"earlyMedia","b",0}, {"disableTtsCache","b",0}, {"closeStreamOnEmpty","b",0},
};
static const spec_prop v10_120[] = {
    {"id","s",0}, {"status","n",1}, {"reason","s",0}, {"headers","o",0},
};
static const spec_prop v10_121[] = {
    {"id","s",0}, {"referTo","s",1}, {"referredBy","s",0}, {"referredByDisplayName","s",0}, {"headers","o",0},
    {"actionHook","#actionHook",0}, {"eventHook","#actionHook",0},
};
static const spec_prop v10_122[] = {
    {"id","s",0}, {"method","s",1}, {"body","s",0}, {"headers","o",0}, {"actionHook","#actionHook",0},
};
static const spec_prop v10_123[] = {
    {"id","s",0}, {"url","s",1}, {"actionHook","#actionHook",0}, {"wsAuth","#auth",0},
    {"mixType","=mono,stereo,mixed",0}, {"metadata","o",0}, {"sampleRate","n",0}, {"finishOnKey","s",0},
    {"maxLength","n",0}, {"passDtmf","b",0}, {"playBeep","b",0}, {"disableBidirectionalAudio","b",0},
    {"bidirectionalAudio","#bidirectionalAudio",0}, {"timeout","n",0}, {"transcribe","#verb transcribe",0},
    {"earlyMedia","b",0}, {"channel","n",0},
};
static const spec_prop v10_124[] = {
    {"id","s",0}, {"data","o",1},
};
static const spec_prop v10_125[] = {
    {"id","s",0}, {"enable","b",0}, {"transcriptionHook","s",0}, {"translationHook","s",0},
    {"recognizer","#recognizer",0}, {"earlyMedia","b",0}, {"channel","n",0},
};
static const spec_prop v10_126[] = {
    {"mode","=blind,warm",1}, {"blindMethod","=refer,dial",0}, {"callerPresent","b",0}, {"target","[#target]",1},
    {"callerId","s",0}, {"onHoldHook","#actionHook",0}, {"timeout","n",0}, {"confirm","#verb transfer.confirm",0},
    {"amd","#amd",0}, {"disposition","#verb transfer.disposition",0}, {"actionHook","#actionHook",0},
    {"eventHook","#actionHook",0}, {"id","s",0}, {"brief","#verb transfer.brief",0},
};
static const spec_prop v10_127[] = {
    {"prompt","s",1}, {"digit","s",1},
};
static const spec_prop v10_128[] = {
    {"onNoAnswer","=return,voicemail,hangup",0}, {"onBusy","=return,voicemail,hangup",0},
    {"onDecline","=return,voicemail,hangup",0}, {"onFailure","=return,voicemail,hangup",0}, {"voicemailUrl","s",0},
};
static const spec_prop v10_129[] = {
    {"text","s",1}, {"synthesizer","#synthesizer",0},
};
static const spec_prop v10_130[] = {
    {"id","s",0}, {"vendor","=ultravox",0}, {"model","s",0}, {"auth","#verb ultravox_s2s.auth",0},
    {"connectOptions","o",0}, {"llmOptions","o",1}, {"mcpServers","[#verb ultravox_s2s.mcpServers]",0},
    {"actionHook","#actionHook",0}, {"eventHook","#actionHook",0}, {"toolHook","#actionHook",0},
    {"handoff","#handoff",0}, {"hangup","#hangup",0}, {"events","[s]",0}, {"responseTimeoutMs","i",0},
    {"cancelOnResponseTimeout","b",0}, {"cancelOnBargeIn","b",0},
};
static const spec_prop v10_131[] = {
    {"apiKey","s",0},
};
static const spec_prop v10_132[] = {
    {"url","s",1}, {"auth","o",0}, {"roots","[o]",0},
};
const spec v10_specs[] = {
    {"actionHook-object", NULL, v10_0, 3},
    {"actionHook", "s|#actionHook-object", NULL, 0},
    {"actionHookDelayAction", NULL, v10_2, 6},
    {"amd", NULL, v10_3, 5},
    {"amd.timers", NULL, v10_4, 4},
    {"auth", NULL, v10_5, 2},
    {"bidirectionalAudio", NULL, v10_6, 3},
    {"fillerNoise", NULL, v10_7, 3},
    {"handoff", NULL, v10_8, 16},
    {"handoff.confirm", NULL, v10_9, 2},
    {"handoff.disposition", NULL, v10_10, 5},
    {"handoff.brief1", NULL, v10_11, 1},
    {"hangup", NULL, v10_12, 1},
    {"llm-base", NULL, v10_13, 16},
    {"llm-base.auth", NULL, v10_14, 1},
    {"llm-base.mcpServers", NULL, v10_15, 3},
    {"recognizer-assemblyAiOptions", NULL, v10_16, 13},
    {"recognizer-awsOptions", NULL, v10_17, 10},
    {"recognizer-azureOptions", NULL, v10_18, 5},
    {"recognizer-customOptions", NULL, v10_19, 4},
    {"recognizer-deepgramOptions", NULL, v10_20, 34},
    {"recognizer-elevenlabsOptions", NULL, v10_21, 7},
    {"recognizer-gladiaOptions", NULL, NULL, 0},
    {"recognizer-googleOptions", NULL, v10_23, 9},
    {"recognizer-houndifyOptions", NULL, v10_24, 37},
    {"recognizer-ibmOptions", NULL, v10_25, 11},
    {"recognizer-modulateOptions", NULL, v10_26, 8},
    {"recognizer-nvidiaOptions", NULL, v10_27, 7},
    {"recognizer-openaiOptions", NULL, v10_28, 13},
    {"recognizer-openaiOptions.promptTemplates", NULL, v10_29, 2},
    {"recognizer-openaiOptions.turn_detection", NULL, v10_30, 5},
    {"recognizer-sonioxOptions", NULL, v10_31, 14},
    {"recognizer-sonioxOptions.context", NULL, v10_32, 4},
    {"recognizer-sonioxOptions.context.general", NULL, v10_33, 2},
    {"recognizer-sonioxOptions.context.translation_terms", NULL, v10_34, 2},
    {"recognizer-sonioxOptions.storage", NULL, v10_35, 6},
    {"recognizer-speechmaticsOptions", NULL, v10_36, 5},
    {"recognizer-speechmaticsOptions.transcription_config", NULL, v10_37, 16},
    {"recognizer-speechmaticsOptions.transcription_config.speaker_diarization_config", NULL, v10_38, 2},
    {"recognizer-speechmaticsOptions.transcription_config.conversation_config", NULL, v10_39, 1},
    {"recognizer-speechmaticsOptions.transcription_config.punctuation_overrides", NULL, v10_40, 2},
    {"recognizer-speechmaticsOptions.transcription_config.audio_filtering_config", NULL, v10_41, 1},
    {"recognizer-speechmaticsOptions.transcription_config.transcript_filtering_config", NULL, v10_42, 2},
    {"recognizer-speechmaticsOptions.transcription_config.transcript_filtering_config.replacements", NULL, v10_43, 2},
    {"recognizer-speechmaticsOptions.translation_config", NULL, v10_44, 2},
    {"recognizer-speechmaticsOptions.audio_events_config", NULL, v10_45, 1},
    {"recognizer-xaiOptions", NULL, v10_46, 7},
    {"recognizer", NULL, v10_47, 55},
    {"recognizer.hints1", NULL, v10_48, 2},
    {"synthesizer", NULL, v10_49, 11},
    {"target", NULL, v10_50, 14},
    {"target.from", NULL, v10_51, 2},
    {"transferOptions", NULL, v10_52, 12},
    {"transferOptions.confirm", NULL, v10_53, 2},
    {"transferOptions.disposition", NULL, v10_54, 5},
    {"vad", NULL, v10_55, 8},
    {"verb agent", NULL, v10_56, 19},
    {"verb agent.turnDetection1", NULL, v10_57, 3},
    {"verb agent.bargeIn", NULL, v10_58, 6},
    {"verb agent.llm", NULL, v10_59, 6},
    {"verb agent.llm.auth", NULL, v10_60, 1},
    {"verb agent.llm.connectOptions", NULL, v10_61, 4},
    {"verb agent.llm.llmOptions", NULL, v10_62, 7},
    {"verb agent.noiseIsolation1", NULL, v10_63, 4},
    {"verb agent.mcpServers", NULL, v10_64, 3},
    {"verb alert", NULL, v10_65, 2},
    {"verb answer", NULL, v10_66, 1},
    {"verb conference", NULL, v10_67, 19},
    {"verb config", NULL, v10_68, 26},
    {"verb config.bargeIn", NULL, v10_69, 5},
    {"verb config.ttsStream", NULL, v10_70, 2},
    {"verb config.noiseIsolation", NULL, v10_71, 4},
    {"verb config.turnTaking", NULL, v10_72, 4},
    {"verb deepgram_s2s", NULL, v10_73, 16},
    {"verb deepgram_s2s.auth", NULL, v10_74, 1},
    {"verb deepgram_s2s.mcpServers", NULL, v10_75, 3},
    {"verb dequeue", NULL, v10_76, 6},
    {"verb dial", NULL, v10_77, 28},
    {"verb dialogflow", NULL, v10_78, 23},
    {"verb dialogflow.queryInput", NULL, v10_79, 4},
    {"verb dtmf", NULL, v10_80, 3},
    {"verb dub", NULL, v10_81, 7},
    {"verb elevenlabs_s2s", NULL, v10_82, 16},
    {"verb elevenlabs_s2s.auth", NULL, v10_83, 2},
    {"verb elevenlabs_s2s.llmOptions", NULL, v10_84, 3},
    {"verb elevenlabs_s2s.mcpServers", NULL, v10_85, 3},
    {"verb enqueue", NULL, v10_86, 5},
    {"verb gather", NULL, v10_87, 20},
    {"verb google_s2s", NULL, v10_88, 16},
    {"verb google_s2s.auth", NULL, v10_89, 1},
    {"verb google_s2s.mcpServers", NULL, v10_90, 3},
    {"verb gptlive_s2s", NULL, v10_91, 16},
    {"verb gptlive_s2s.auth", NULL, v10_92, 1},
    {"verb gptlive_s2s.llmOptions", NULL, v10_93, 1},
    {"verb gptlive_s2s.llmOptions.session_update", NULL, v10_94, 2},
    {"verb gptlive_s2s.llmOptions.session_update.delegation", NULL, v10_95, 3},
    {"verb gptlive_s2s.llmOptions.session_update.delegation.responses", NULL, v10_96, 3},
    {"verb gptlive_s2s.mcpServers", NULL, v10_97, 3},
    {"verb hangup", NULL, v10_98, 2},
    {"verb leave", NULL, v10_99, 1},
    {"verb listen", NULL, v10_100, 17},
    {"verb llm", NULL, v10_101, 16},
    {"verb llm.auth", NULL, v10_102, 1},
    {"verb llm.mcpServers", NULL, v10_103, 3},
    {"verb message", NULL, v10_104, 9},
    {"verb openai_s2s", NULL, v10_105, 16},
    {"verb openai_s2s.auth", NULL, v10_106, 1},
    {"verb openai_s2s.mcpServers", NULL, v10_107, 3},
    {"verb pause", NULL, v10_108, 2},
    {"verb play", NULL, v10_109, 7},
    {"verb qwen_s2s", NULL, v10_110, 16},
    {"verb qwen_s2s.auth", NULL, v10_111, 1},
    {"verb qwen_s2s.mcpServers", NULL, v10_112, 3},
    {"verb redirect", NULL, v10_113, 3},
    {"verb rest:dial", NULL, v10_114, 22},
    {"verb room", NULL, NULL, 0},
    {"verb s2s", NULL, v10_116, 16},
    {"verb s2s.auth", NULL, v10_117, 1},
    {"verb s2s.mcpServers", NULL, v10_118, 3},
    {"verb say", NULL, v10_119, 9},
    {"verb sip:decline", NULL, v10_120, 4},
    {"verb sip:refer", NULL, v10_121, 7},
    {"verb sip:request", NULL, v10_122, 5},
    {"verb stream", NULL, v10_123, 17},
    {"verb tag", NULL, v10_124, 2},
    {"verb transcribe", NULL, v10_125, 7},
    {"verb transfer", NULL, v10_126, 14},
    {"verb transfer.confirm", NULL, v10_127, 2},
    {"verb transfer.disposition", NULL, v10_128, 5},
    {"verb transfer.brief", NULL, v10_129, 2},
    {"verb ultravox_s2s", NULL, v10_130, 16},
    {"verb ultravox_s2s.auth", NULL, v10_131, 1},
    {"verb ultravox_s2s.mcpServers", NULL, v10_132, 3},
    {NULL, NULL, NULL, 0}
};
